"""Credentials for git from the environment: given to the host of the metadata repository, and to no other."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from gcrsync.store.command import CREDENTIAL, Answer, Git

# A credential helper is git's own way to ask, and git itself sees to it that no other scheme, host or port gets an answer.
_ANSWER = f'printf "username=%s\\npassword=%s\\n" "${{GCRSYNC_GIT_USERNAME:-git}}" "${CREDENTIAL}"'
_HELPER = f'!give() {{ test "$1" != get || {_ANSWER}; }}; give'

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_UNKNOWN = re.compile(r"Authentication failed|could not read (Username|Password)|returned error: 40[13]|Permission denied \(")
"""What git says where it was not let in."""


def answering(git: Git, url: str) -> Git:
    """Give git that answers the host of a URL with the credentials of the environment, where there are some.

    Those that are given so are asked for first and kept by nobody: helpers that the person has configured are left out. They are
    sent over TLS, or to a loopback address.
    """
    if not git.environment.get(CREDENTIAL):
        return git
    parts = urlsplit(git.run("ls-remote", "--get-url", url).text)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return git
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    options = ("-c", "credential.helper=", "-c", f"credential.{host}.helper={_HELPER}")
    return replace(git, options=(*git.options, *options), secrets=(CREDENTIAL,))


def way_in(answer: Answer) -> str:
    """Give what to do where a remote did not let git in, empty where it failed for another reason."""
    if not _UNKNOWN.search(answer.words):
        return ""
    own = f"set GCRSYNC_GIT_USERNAME and {CREDENTIAL} (what is set was refused, or is for https alone)"
    return f"{own}, or let a credential helper or an SSH key of git's open it"
