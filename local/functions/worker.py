"""
Microsoft's Python runtime for Azure Functions (`azure-functions-runtime`), called as its proxy worker calls it.

The runtime takes its protobuf classes by injection, so small classes with the same attributes stand in for the
generated ones and nothing listens on a port. One app per process: its registry is module-global.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import azure_functions_runtime as runtime


class Proto:
    """Any protobuf message: keyword fields, unset ones reading as empty, and `WhichOneof`."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if (
            name.startswith("__") or name[0].isupper()
        ):  # the runtime probes nested types and wants AttributeError
            raise AttributeError(name)
        return ""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name
        """The field that is set."""
        return next(iter(self.__dict__), None)


class ParameterBinding(Proto):
    """One of a function's parameters; its value is always in `data`."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name
        """The field that is set."""
        return "data"


def _proto(name: str, **attributes: Any) -> type[Proto]:
    return type(name, (Proto,), attributes)


class TypedData(Proto):
    """A value on its way: one of `string`, `json`, `bytes`, `http`."""


class RpcHttp(Proto):
    """An HTTP request or response."""


_PLAIN = [
    "FunctionLoadResponse",
    "FunctionMetadataResponse",
    "InvocationResponse",
    "NullableBool",
    "NullableDouble",
    "NullableString",
    "NullableTimestamp",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "WorkerInitResponse",
    "WorkerMetadata",
]
_SAME_SITE = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})
PROTOS = SimpleNamespace(
    TypedData=TypedData,
    RpcHttp=RpcHttp,
    ParameterBinding=ParameterBinding,
    StatusResult=_proto("StatusResult", Failure=0, Success=1),
    BindingInfo=_proto("BindingInfo", undefined=0, string=1, binary=2, stream=3, **{"in": 0}, out=1, inout=2),
    RpcHttpCookie=_proto("RpcHttpCookie", SameSite=_SAME_SITE),
    **{name: _proto(name) for name in _PLAIN},
)


@dataclass(frozen=True, slots=True)
class Function:
    """An indexed function: its name, id, and bindings as in function.json."""

    name: str
    function_id: str
    bindings: tuple[dict[str, Any], ...]

    @property
    def trigger(self) -> dict[str, Any]:
        """The binding that starts it."""
        return next(binding for binding in self.bindings if binding["type"].endswith("Trigger"))


class InvocationFailed(Exception):
    """The function raised; carries its message and stack as the runtime reports them."""

    def __init__(self, message: str, stack: str) -> None:
        super().__init__(message)
        self.stack = stack


async def start(app: Path) -> list[Function]:
    """Imports and indexes `function_app.py` of a folder; a failure there ends the process, as no function exists."""
    os.environ["AzureWebJobsScriptRoot"] = str(app)  # noqa: SIM112 - the host's own spelling
    sys.path.insert(0, str(app))
    runtime.start_threadpool_executor()
    answer = await runtime.worker_init_request(
        _request(worker_init_request=Proto(capabilities={}, function_app_directory=str(app)))
    )
    if answer.result.status != PROTOS.StatusResult.Success:
        sys.exit(
            f"{app}/function_app.py: {answer.result.exception.message}\n{answer.result.exception.stack_trace}"
        )
    answer = await runtime.functions_metadata_request(_request())
    return [
        Function(found.name, found.function_id, tuple(json.loads(binding) for binding in found.raw_bindings))
        for found in answer.function_metadata_results or ()
    ]


def stop() -> None:
    """Lets the runtime's threads go."""
    runtime.stop_threadpool_executor()


def traceparent() -> str:
    """The trace of an invocation that continues none: the host's own, which says that it is not sampled."""
    return f"00-{uuid4().hex}-{uuid4().hex[:16]}-00"


async def invoke(function: Function, value: Proto, metadata: Mapping[str, Proto], continued: str = "") -> Any:
    """Runs a function with its trigger's value; answers what it returned, or raises `InvocationFailed`."""
    answer = await runtime.invocation_request(
        _request(
            invocation_request=Proto(
                invocation_id=str(uuid4()),
                function_id=function.function_id,
                trigger_metadata=metadata,
                input_data=[ParameterBinding(name=function.trigger["name"], data=value)],
                trace_context=Proto(trace_parent=continued or traceparent(), trace_state="", attributes={}),
                retry_context=Proto(retry_count=0, max_retry_count=0, exception=None),
            )
        )
    )
    if answer.result.status != PROTOS.StatusResult.Success:
        raise InvocationFailed(answer.result.exception.message, answer.result.exception.stack_trace)
    return answer.return_value


def _request(**content: Any) -> SimpleNamespace:
    return SimpleNamespace(
        name="", request=Proto(**content), properties={"host": "127.0.0.1", "protos": PROTOS}
    )
