"""The floor: what the host and the runtime cost by themselves. It reads the message's body, and that is all."""

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(
    arg_name="message",
    queue_name="%LINEAGE_QUEUE_NAME%",
    connection="LineageStorage",
    data_type=func.DataType.BINARY,
)
async def write_lineage(message: func.QueueMessage) -> None:
    """Writes nothing."""
    message.get_body()
