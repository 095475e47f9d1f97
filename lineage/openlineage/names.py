"""What OpenLineage calls a dataset or a job: a name within a namespace."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The identity of a dataset or a job, as its producer wrote it but for credentials."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> dict[str, str]:
        return {"namespace": self.namespace, "name": self.name}
