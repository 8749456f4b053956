"""Blobs and manifests, taken and removed (distribution-spec, "Push" and "Content Management")."""

from http import HTTPStatus

from werkzeug.wrappers import Response

from gcrsync.archive.conflict import inside_another
from gcrsync.archive.folder import LayoutFolder, is_repository_path
from gcrsync.archive.layout import Layout
from gcrsync.archive.staging import StagedFile
from gcrsync.errors import DigestMismatchError, InvalidManifestError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Index, Manifest, SchemaOne, parse_manifest
from gcrsync.oci.name import Tag
from gcrsync.serve.call import Call, Code, RequestError, parse_digest
from gcrsync.serve.uploads import Uploads


class Push:
    """The endpoints that change something."""

    def __init__(self, folder: LayoutFolder, uploads: Uploads) -> None:
        """Write to a folder."""
        self._folder, self._uploads = folder, uploads

    def start(self, call: Call) -> Response:
        """Answer the POST that begins an upload, is a whole one ("Single POST"), or shares a blob ("Mounting a blob")."""
        self._check_place(call.path)
        arguments = call.request.args
        if "mount" in arguments:
            digest = parse_digest(arguments["mount"])
            if self._mount(call.path, digest, arguments.get("from", "")):
                return _created(call.path, "blobs", digest)
        if "digest" in arguments:
            return self._store_whole(call, parse_digest(arguments["digest"]))
        return Response(status=HTTPStatus.ACCEPTED, headers=self._uploads.start(call.path).headers())

    def append(self, call: Call) -> Response:
        """Answer the PATCH that adds to an upload, with a Content-Range or as a stream without one."""
        with self._uploads.use(call.path, call.reference) as upload:
            upload.append(call.chunks(), call.request.headers.get("Content-Range"))
            return Response(status=HTTPStatus.ACCEPTED, headers=upload.headers())

    def finish(self, call: Call) -> Response:
        """Answer the PUT that ends an upload, with its last piece or without; bytes of another digest end it too."""
        digest = parse_digest(call.request.args.get("digest", ""))
        with self._uploads.use(call.path, call.reference) as upload:
            upload.append(call.chunks(), call.request.headers.get("Content-Range"))
            try:
                return self._store(call.path, digest, upload.staged)
            finally:
                self._uploads.drop(upload)

    def status(self, call: Call) -> Response:
        """Answer the GET that asks how far an upload has got."""
        with self._uploads.use(call.path, call.reference) as upload:
            return Response(status=HTTPStatus.NO_CONTENT, headers=upload.headers())

    def cancel(self, call: Call) -> Response:
        """Answer the DELETE that gives an upload up."""
        with self._uploads.use(call.path, call.reference) as upload:
            self._uploads.drop(upload)
        return Response(status=HTTPStatus.NO_CONTENT)

    def put_manifest(self, call: Call) -> Response:
        """Answer the PUT of a manifest by tag or digest ("Pushing Manifests"), also one whose subject is not there yet."""
        self._check_place(call.path)
        target = call.target()
        manifest = _read_manifest(call)
        digest = target if isinstance(target, Digest) else Digest.of(manifest.raw)
        if not digest.matches(manifest.raw):
            raise RequestError(HTTPStatus.BAD_REQUEST, Code.DIGEST_INVALID, f"the manifest does not have the digest {digest}")
        layout = self._folder.layout(call.path)
        missing = layout.missing(manifest)
        if missing:
            message = f"{len(missing)} of what it names are not in {call.path}, the first is {missing[0].digest}"
            raise RequestError(HTTPStatus.BAD_REQUEST, Code.MANIFEST_BLOB_UNKNOWN, message)
        layout.put_manifest(target, manifest, digest)
        created = _created(call.path, "manifests", digest)
        if manifest.subject is not None:
            created.headers["OCI-Subject"] = manifest.subject.digest.text
        return created

    def delete_manifest(self, call: Call) -> Response:
        """Answer the DELETE of a tag, or of a manifest with all its tags ("Deleting")."""
        target = call.target()
        if call.path not in self._folder or not _delete(self._folder.layout(call.path), target):
            raise RequestError(HTTPStatus.NOT_FOUND, Code.MANIFEST_UNKNOWN, f"no {target} in {call.path}")
        return Response(status=HTTPStatus.ACCEPTED)

    def _store_whole(self, call: Call, digest: Digest) -> Response:
        with self._folder.staging.file() as staged:
            for chunk in call.chunks():
                staged.write(chunk)
            return self._store(call.path, digest, staged)

    def _store(self, path: str, digest: Digest, staged: StagedFile) -> Response:
        try:
            self._folder.layout(path).blobs.take(digest, staged)
        except DigestMismatchError as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, Code.DIGEST_INVALID, error.message) from error
        return _created(path, "blobs", digest)

    def _mount(self, path: str, digest: Digest, source: str) -> bool:
        """Link a blob of another repository, where there is one."""
        if not is_repository_path(source) or source not in self._folder:
            return False
        return self._folder.layout(path).blobs.link(digest, self._folder.layout(source).blobs)

    def _check_place(self, path: str) -> None:
        """Refuse a repository whose files would lie among those of another."""
        other = inside_another(path, self._folder)
        if other is not None:
            raise RequestError(HTTPStatus.BAD_REQUEST, Code.NAME_INVALID, f"{path} would lie inside the files of {other}")


def _read_manifest(call: Call) -> Manifest | Index:
    """Read a manifest that can be stored: of a known kind, and sent as what it says that it is."""
    content_type = call.request.headers.get("Content-Type")
    try:
        manifest = parse_manifest(call.manifest(), content_type, f"{call.path} {call.reference}")
    except InvalidManifestError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.MANIFEST_INVALID, error.message) from error
    if isinstance(manifest, SchemaOne):
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.MANIFEST_INVALID, "manifests of schema 1 are not taken")
    if media_types.bare(content_type) != manifest.media_type:
        message = f"sent as {content_type}, but it is a {manifest.media_type}"
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.MANIFEST_INVALID, message)
    return manifest


def _delete(layout: Layout, target: Tag | Digest) -> bool:
    return layout.delete_manifest(target) if isinstance(target, Digest) else layout.delete_tag(target)


def _created(path: str, kind: str, digest: Digest) -> Response:
    headers = {"Location": f"/v2/{path}/{kind}/{digest}", "Docker-Content-Digest": digest.text}
    return Response(status=HTTPStatus.CREATED, headers=headers)
