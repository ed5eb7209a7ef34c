"""Writing of a spec and its artifact as a Triton repository on disk."""

import hashlib
import shutil
from pathlib import Path

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from model_builders.artifact import check_artifact
from model_builders.config import config_pbtxt, model_config
from model_builders.config_files import Place, misplaced
from model_builders.names import main_file_name


class PackingError(ValueError):
    """The artifact cannot be served with this spec; `problems` are the reasons."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def pack(spec: InferenceModelSpec, artifact: Path, version: int, repository: Path) -> Path:
    """Write `repository/NAME/config.pbtxt` and `.../NAME/VERSION/FILE`, and return the folder.

    NAME is `spec.model.name`, which is required, and the model runs on a CPU. Raises PackingError,
    and writes nothing, if the digest differs from `source.sha256`, or if the file does not fit the
    config. Neither may the config name files of other models. Raises ConfigError for a bad config.
    """
    name, pin = spec.model.name, spec.model.source.sha256
    if name is None:
        raise PackingError(Problem("model.name", "nothing", "Triton's name for it", "add it"))
    if not artifact.is_file():
        raise PackingError(Problem(str(artifact), "no such file", "the model", "fetch it again"))
    if pin is not None and (digest := _digest(artifact)) != pin:
        remedy = "fetch it again, and if that does not help register it again"
        raise PackingError(Problem(artifact.name, f"sha256 {digest}", f"{pin} as pinned", remedy))
    config = model_config(spec, name=name, accelerated=False)
    leaving = [*misplaced(config, Place(version, name))]
    if problems := leaving or check_artifact(spec.model.known_format, artifact, config):
        raise PackingError(*problems)
    folder = repository / name
    place = folder / str(version)
    place.mkdir(parents=True, exist_ok=True)
    main = main_file_name(spec.model.known_format, config)
    shutil.copyfile(artifact, place / (main or artifact.name))
    (folder / "config.pbtxt").write_text(config_pbtxt(config), "utf-8")
    return folder


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
