"""What OpenLineage calls a dataset or a job: a name within a namespace."""

import re
from dataclasses import dataclass

# Parameters of database URLs that are nobody's business further on; old JDBC namespaces carry them.
_SECRETS = re.compile(
    r"[;?&](?:user|user ?name|uid|password|pwd|token|access_?token|sig|secret)=[^;?&]*+", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@:]++:[^/@]*+@")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The identity of a dataset or a job, as its producer wrote it but for credentials."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> dict[str, str]:
        return {"namespace": self.namespace, "name": self.name}


def without_secrets(namespace: str) -> str:
    """A namespace without the user names, passwords and signatures that some producers leave in it."""
    return _SECRETS.sub("", _CREDENTIALS.sub("", namespace))
