"""A push that is only tried: an upload is opened and given up again, so that nothing stays (distribution-spec, "Push")."""

from dataclasses import dataclass

from gcrsync.errors import RegistryError
from gcrsync.oci.name import Repository
from gcrsync.registry.accounts import Place
from gcrsync.registry.client import Client
from gcrsync.registry.session import Call, Session


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: where the credentials were found that opened the registry, empty for nobody's.

    ``given_up`` is false where the registry did not take the end of the upload: it drops by itself what nobody goes on with.
    """

    origin: str
    given_up: bool


def try_push(session: Session, client: Client, repository: Repository) -> Trial:
    """Open an upload in a repository, which need not be there, and give it up.

    Raises RegistryError where the registry opens none: it refuses the credentials, or has no such project.
    """
    upload = client.open_upload(repository)
    scope = f"repository:{repository.path}:pull,push"
    try:
        with session.open(Call("DELETE", upload, repository.registry, scope)) as response:
            given_up = response.is_success
    except RegistryError:  # some want leave to delete for that, which a mirror needs not have
        given_up = False
    return Trial(origin(session, repository.registry, repository.path, reads=False), given_up)


def origin(session: Session, registry: str, path: str, *, reads: bool = True) -> str:
    """Say where the credentials were found that are shown at a place, empty where it is asked as nobody."""
    return getattr(session.accounts.at(Place(registry, path, reads)).credential, "origin", "")
