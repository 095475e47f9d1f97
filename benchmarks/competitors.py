"""Who takes part: function app folders, and what each can do."""

from dataclasses import dataclass
from pathlib import Path

from lineage.plan import PROCESS_TYPE
from local.stack import ROOT

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True, slots=True)
class Competitor:
    """A function app. One without a process type writes nothing: the floor."""

    name: str
    folder: Path
    process_type: str | None = "Process"
    speaks_openlineage: bool = False

    @property
    def writes(self) -> bool:
        """Whether there is anything to read back."""
        return self.process_type is not None


FLOOR = Competitor("nothing", APPS / "nothing", process_type=None, speaks_openlineage=True)
PEERS = (
    Competitor("notebook", APPS / "notebook"),
    Competitor("pyapacheatlas", APPS / "pyapacheatlas"),
    Competitor("azure-purview-datamap", APPS / "azure_purview_datamap"),
)
THIS_APP = Competitor("this app", ROOT, process_type=PROCESS_TYPE, speaks_openlineage=True)
ALL = (FLOOR, *PEERS, THIS_APP)
