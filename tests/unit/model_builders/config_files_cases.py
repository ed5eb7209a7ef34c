"""Fields of config.pbtxt that name files, in forms that are a model's own and in others.

The model is version 7 of `lstm`. The text fields that name no file are listed too, so that a field
of a newer schema is in none of the lists until a maintainer decides.
"""

NAMES_NO_FILE = {
    "BatchInput.source_input": "an input",
    "BatchInput.target_name": "an input",
    "BatchOutput.source_input": "an input",
    "BatchOutput.target_name": "an output",
    "ModelConfig.MetricTagsEntry.key": "a tag",
    "ModelConfig.MetricTagsEntry.value": "a tag",
    "ModelConfig.CcModelFilenamesEntry.key": "a compute capability",
    "ModelConfig.ParametersEntry.key": "a parameter",
    "ModelEnsembling.Step.InputMapEntry.key": "a tensor",
    "ModelEnsembling.Step.InputMapEntry.value": "a tensor",
    "ModelEnsembling.Step.OutputMapEntry.key": "a tensor",
    "ModelEnsembling.Step.OutputMapEntry.value": "a tensor",
    "ModelEnsembling.Step.model_name": "a model that is loaded already",
    "ModelEnsembling.Step.model_namespace": "a namespace, and the server has none",
    "ModelInput.name": "an input",
    "ModelInstanceGroup.host_policy": "a policy among the server's arguments",
    "ModelInstanceGroup.name": "an instance",
    "ModelInstanceGroup.profile": "the number of a profile in the plan",
    "ModelMetrics.MetricControl.MetricIdentifier.family": "a metric",
    "ModelOptimizationPolicy.Cuda.GraphSpec.InputEntry.key": "an input",
    "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.InputEntry.key": "an input",
    "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.ParametersEntry.key": "an option",
    "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.name": "one that the backend knows",
    "ModelOutput.name": "an output",
    "ModelRateLimiter.Resource.name": "a resource",
    "ModelSequenceBatching.ControlInput.name": "an input",
    "ModelSequenceBatching.InitialState.name": "a state",
    "ModelSequenceBatching.State.input_name": "an input",
    "ModelSequenceBatching.State.output_name": "an output",
    "ModelWarmup.InputsEntry.key": "an input",
    "ModelWarmup.name": "a sample",
}
NAMES_FILE_IN_MAP = {
    "ModelConfig.CcModelFilenamesEntry.value",
    "ModelParameter.string_value",
    "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.ParametersEntry.value",
    "ModelRepositoryAgents.Agent.ParametersEntry.key",
    "ModelRepositoryAgents.Agent.ParametersEntry.value",
}
"""The text that a rule for a map's entries sees."""


def parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'


def accelerator(key: str, value: str, kind: str = "gpu") -> str:
    return (
        f'optimization {{ execution_accelerators {{ {kind}_execution_accelerator {{ name: "x"'
        f' parameters {{ key: "{key}" value: "{value}" }} }} }} }}'
    )


def agent(key: str, value: str, name: str = "checksum") -> str:
    return (
        f'model_repository_agents {{ agents {{ name: "{name}"'
        f' parameters {{ key: "{key}" value: "{value}" }} }} }}'
    )


def output(file: str) -> str:
    return f'output {{ name: "PRICE" label_filename: "{file}" }}'


def state(field: str) -> str:
    return (
        'sequence_batching { state { input_name: "IN" output_name: "OUT"'
        f' initial_state {{ name: "zero" {field} }} }} }}'
    )


def sample(field: str) -> str:
    return f'model_warmup {{ name: "day" inputs {{ key: "X" value {{ {field} }} }} }}'


def library(path: str) -> str:
    return f'model_operations {{ op_library_filename: "{path}" }}'


OWN = {
    "a main file of another name": 'default_model_filename: "prices-v2_final.onnx"',
    "a main file for a GPU": 'cc_model_filenames { key: "9.0" value: "hopper.plan" }',
    "a runtime": 'runtime: "libtriton_onnxruntime.so"',
    "a backend and a platform": 'backend: "onnxruntime" platform: "onnxruntime_onnx"',
    "labels of the artifact": output("7/labels.txt"),
    "labels in a folder of the artifact": output("7/words/en.txt"),
    "an empty text, which is none": output(""),
    "zeros as a first state": state("zero_data: true"),
    "zeros as a sample": sample("zero_data: true"),
    "operations of the image": library("/opt/ortx/libortextensions.so"),
    "operations of the artifact": library("/models/lstm/7/operations.so"),
    "an environment of the image": parameter("EXECUTION_ENV_PATH", "/opt/conda/env.tar.gz"),
    "an environment of the artifact": parameter(
        "EXECUTION_ENV_PATH", "$$TRITON_MODEL_DIRECTORY/7/env.tar.gz"
    ),
    "no environment": parameter("EXECUTION_ENV_PATH", ""),
    "a batch strategy of the image": parameter("TRITON_BATCH_STRATEGY_PATH", "/opt/strategy.so"),
    "a parameter of a Python model's own": parameter("VOCABULARY_PATH", "../../any/where"),
    "a precision": accelerator("precision_mode", "FP16"),
    "a cache of engines in scratch space": accelerator("trt_engine_cache_path", "/tmp/engines"),
    "a cache of engines in the artifact": accelerator(
        "trt_engine_cache_path", "/models/lstm/7/engines"
    ),
    "a prefix of engines": accelerator("trt_engine_cache_prefix", "lstm"),
    "plugins of the image and of the artifact": accelerator(
        "trt_extra_plugin_lib_paths", "/opt/a.so;/models/lstm/7/b.so"
    ),
    "shapes of inputs with slashes in their names": accelerator(
        "trt_profile_min_shapes", "/encoder/in:1x60x5"
    ),
    "sources of tactics": accelerator("trt_tactic_sources", "-CUDNN,+CUBLAS"),
    "a checksum of a file of the artifact": agent("MD5:7/model.onnx", "d41d8cd98f00b204"),
    "a checksum of the config": agent("MD5:config.pbtxt", "d41d8cd98f00b204"),
}

OTHERS = {
    "a main file above the version": (
        'default_model_filename: "../../fx/1/model.onnx"',
        "default_model_filename",
    ),
    "a main file by an absolute path": (
        'default_model_filename: "/models/fx/1/model.onnx"',
        "default_model_filename",
    ),
    "a main file in a folder": (
        'default_model_filename: "onnx/model.onnx"',
        "default_model_filename",
    ),
    "two dots as a main file": ('default_model_filename: ".."', "default_model_filename"),
    "a main file with a backslash": (
        r'default_model_filename: "..\\fx\\model.onnx"',
        "default_model_filename",
    ),
    "a main file with a NUL": (
        r'default_model_filename: "model.onnx\000.txt"',
        "default_model_filename",
    ),
    "a main file with a line break": (
        r'default_model_filename: "model.onnx\n"',
        "default_model_filename",
    ),
    "a main file called as the record of load": (
        'default_model_filename: ".loaded.json"',
        "default_model_filename",
    ),
    "a main file called as the config": (
        'default_model_filename: "Config.pbtxt"',
        "default_model_filename",
    ),
    "a main file with a very long name": (
        f'default_model_filename: "{"a" * 256}"',
        "default_model_filename",
    ),
    "a main file with letters that look alike": (
        'default_model_filename: "\uff4dodel.onnx"',
        "default_model_filename",
    ),
    "a main file for a GPU above the version": (
        'cc_model_filenames { key: "9.0" value: "../../fx/1/model.plan" }',
        "cc_model_filenames[9.0]",
    ),
    "a main file for a GPU without a name": (
        'cc_model_filenames { key: "9.0" value: "" }',
        "cc_model_filenames[9.0]",
    ),
    "a name that is a path": ('name: "../fx"', "name"),
    "a runtime of another model": ('runtime: "../../models/fx/1/libtriton_x.so"', "runtime"),
    "a backend that is a path": ('backend: "../../models/fx/1"', "backend"),
    "a platform that is a path": ('platform: "/models/fx"', "platform"),
    "labels of another version": (output("8/labels.txt"), "output[PRICE].label_filename"),
    "labels beside the version": (output("labels.txt"), "output[PRICE].label_filename"),
    "labels of another model": (
        output("7/../../fx/1/labels.txt"),
        "output[PRICE].label_filename",
    ),
    "labels by an absolute path": (output("/etc/passwd"), "output[PRICE].label_filename"),
    "a first state in a file": (
        state('data_file: "zeros"'),
        "sequence_batching.state[0].initial_state[zero].data_file",
    ),
    "a sample in a file": (
        sample('input_data_file: "day.bin"'),
        "model_warmup[day].inputs[X].input_data_file",
    ),
    "operations by a relative path": (
        library("operations.so"),
        "model_operations.op_library_filename[0]",
    ),
    "operations of another model": (
        library("/models/fx/1/operations.so"),
        "model_operations.op_library_filename[0]",
    ),
    "operations of another model by dots": (
        library("/opt/../models/fx/1/operations.so"),
        "model_operations.op_library_filename[0]",
    ),
    "operations of another model by the process's root": (
        library("/proc/self/root/models/fx/1/operations.so"),
        "model_operations.op_library_filename[0]",
    ),
    "operations of another model by two slashes": (
        library("//models/fx/1/operations.so"),
        "model_operations.op_library_filename[0]",
    ),
    "an environment beside the version": (
        parameter("EXECUTION_ENV_PATH", "$$TRITON_MODEL_DIRECTORY/env.tar.gz"),
        "parameters[EXECUTION_ENV_PATH]",
    ),
    "an environment of another model": (
        parameter("EXECUTION_ENV_PATH", "$$TRITON_MODEL_DIRECTORY/7/../../fx/1/env.tar.gz"),
        "parameters[EXECUTION_ENV_PATH]",
    ),
    "an environment of another model by an absolute path": (
        parameter("EXECUTION_ENV_PATH", "/models/fx/1/env.tar.gz"),
        "parameters[EXECUTION_ENV_PATH]",
    ),
    "the model's folder as an environment": (
        parameter("EXECUTION_ENV_PATH", "$$TRITON_MODEL_DIRECTORY"),
        "parameters[EXECUTION_ENV_PATH]",
    ),
    "a batch strategy by a relative path": (
        parameter("TRITON_BATCH_STRATEGY_PATH", "models/fx/1/strategy.so"),
        "parameters[TRITON_BATCH_STRATEGY_PATH]",
    ),
    "a cache of engines in another model": (
        accelerator("trt_engine_cache_path", "/models/fx/1"),
        "optimization.execution_accelerators.gpu_execution_accelerator[x]"
        ".parameters[trt_engine_cache_path]",
    ),
    "two dots as a cache": (
        accelerator("trt_timing_cache_path", ".."),
        "optimization.execution_accelerators.gpu_execution_accelerator[x]"
        ".parameters[trt_timing_cache_path]",
    ),
    "a table above its folder": (
        accelerator("int8_calibration_table_name", "../fx/table"),
        "optimization.execution_accelerators.gpu_execution_accelerator[x]"
        ".parameters[int8_calibration_table_name]",
    ),
    "a second plugin of another model": (
        accelerator("trt_extra_plugin_lib_paths", "/opt/a.so;/models/fx/1/b.so"),
        "optimization.execution_accelerators.gpu_execution_accelerator[x]"
        ".parameters[trt_extra_plugin_lib_paths]",
    ),
    "a path in an unknown option": (
        accelerator("load_config", "/models/fx/1/openvino.json", kind="cpu"),
        "optimization.execution_accelerators.cpu_execution_accelerator[x].parameters[load_config]",
    ),
    "an agent that is a path": (
        agent("MD5:7/model.onnx", "0", name="../../models/fx/1/agent"),
        "model_repository_agents.agents[../../models/fx/1/agent].name",
    ),
    "a checksum of another model's file": (
        agent("MD5:../fx/1/model.onnx", "0"),
        "model_repository_agents.agents[checksum].parameters[MD5:../fx/1/model.onnx]",
    ),
    "a file of another model for an agent": (
        agent("key", "/models/fx/1/key"),
        "model_repository_agents.agents[checksum].parameters[key]",
    ),
}
