"""Every notebook runs from a clean kernel, from its first cell to its last."""

# mypy: disable-error-code="no-untyped-call"

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    import nbclient  # a second's work, which other tests need not wait for
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            streams = [output for output in cell.outputs if output.get("name") == "stderr"]
            assert not streams, streams


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_with_its_output_and_without_a_path_of_any_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    assert any(cell["outputs"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    assert "/home/" not in text
    assert "/root" not in text
    assert "/tmp" not in text
