"""One tool behind FastMCP's AzureProvider, with its defaults."""

import os

from fastmcp import FastMCP
from fastmcp.server.auth.providers.azure import AzureProvider

auth = AzureProvider(
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    tenant_id=os.environ["TENANT_ID"],
    required_scopes=["mcp-access"],
    base_url=f"http://localhost:{os.environ['PORT']}",
    # Entra's host, which is the emulator's here.
    base_authority=os.environ["AUTHORITY"],
)
mcp = FastMCP("Attacked", auth=auth)


@mcp.tool
def ping() -> str:
    """Answers."""
    return "pong"


mcp.run(transport="http", host="127.0.0.1", port=int(os.environ["PORT"]), show_banner=False)
