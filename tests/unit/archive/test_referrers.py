from pathlib import Path

from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.referrers import Referrers
from tests.support.build import Built, image, index, referrer, referrer_index
from tests.support.layouts import blob_file, listed, put


def found(root: Path, subject: Built) -> list[str]:
    return [each.descriptor.digest.text for each in Referrers().of(LayoutFolder(root).layout("a"), subject.digest)]


def test_what_refers_to_a_manifest_is_found_whether_its_subject_is_there_or_not(tmp_path: Path) -> None:
    built = image()
    signature, bill = referrer(built), referrer_index(built, image("spdx"))
    second = referrer(signature, "of the signature")
    for each in (signature, bill, second):
        put(tmp_path, "a", each)

    assert found(tmp_path, built) == sorted([signature.digest.text, bill.digest.text])
    assert found(tmp_path, signature) == [second.digest.text]
    assert found(tmp_path, second) == []


def test_a_referrer_that_an_index_names_is_found_too(tmp_path: Path) -> None:
    built = image()
    signature = referrer(built)
    put(tmp_path, "a", index(built, signature), "v1")

    assert listed(tmp_path, "a") == [("v1", index(built, signature).digest.text)]
    assert found(tmp_path, built) == [signature.digest.text]


def test_a_damaged_referrer_is_none(tmp_path: Path) -> None:
    built = image()
    signature = put(tmp_path, "a", referrer(built))
    file = blob_file(tmp_path, "a", signature)
    assert found(tmp_path, built) == [signature.digest.text]

    file.chmod(0o600)
    file.write_bytes(bytes(len(signature.raw)))
    assert found(tmp_path, built) == []
