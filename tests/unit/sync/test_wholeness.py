"""Whether a mirror has all manifests that an index names."""

from gcrsync.oci import media_types
from gcrsync.oci.name import Repository
from gcrsync.registry.destination import Destination
from gcrsync.sync.wholeness import Wholeness
from tests.support.build import image, index
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

INNER = index(image("deep"))
OUTER = index(image("amd"), INNER, platforms=())
PLACE = Repository("mirror.test", "a")


def lack(mirror: Simulator, times: int = 1) -> set[str]:
    mirror.log.clear()
    with session_to(mirror) as session:
        wholeness = Wholeness(Destination(session))
        return {wholeness.lack(PLACE, OUTER.descriptor) for _ in range(times)}


def test_an_index_is_whole_when_each_manifest_below_is_there_and_each_is_asked_for_once() -> None:
    mirror = Simulator("mirror.test")
    mirror.add("a", OUTER)

    assert lack(mirror, times=3) == {""}
    asked = [(request.method, request.path.rpartition("/")[2]) for request in mirror.log if "/manifests/" in request.path]
    reads = [("GET", str(built.digest)) for built in (OUTER, INNER)]
    heads = [("HEAD", str(built.digest)) for built in (*OUTER.children, *INNER.children)]
    assert sorted(asked) == sorted(reads + heads)


def test_what_an_inner_index_lacks_is_lacking() -> None:
    mirror = Simulator("mirror.test")
    mirror.add("a", OUTER)
    del mirror.repositories["a"].manifests[str(INNER.children[0].digest)]
    del mirror.repositories["a"].manifests[str(OUTER.children[0].digest)]
    (told,) = lack(mirror)

    assert told == f"the mirror has its index, and lacks {OUTER.children[0].digest} and 1 more of what that names"


def test_an_index_whose_bytes_are_damaged_is_not_whole() -> None:
    mirror = Simulator("mirror.test")
    mirror.add("a", OUTER)
    mirror.repositories["a"].manifests[str(OUTER.digest)] = (media_types.OCI_INDEX, b"{}")
    (told,) = lack(mirror)

    assert str(OUTER.digest) in told


def test_a_manifest_that_is_no_index_needs_no_question() -> None:
    mirror = Simulator("mirror.test")
    with session_to(mirror) as session:
        assert Wholeness(Destination(session)).lack(PLACE, image("one").descriptor) == ""

    assert mirror.log == []
