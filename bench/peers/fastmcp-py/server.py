"""The expenses tools behind FastMCP's AzureProvider, for the bench."""

import os
from collections import defaultdict
from datetime import date as Date
from datetime import datetime, timezone
from typing import Any, Literal
from uuid import uuid4

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.providers.azure import AzureProvider
from fastmcp.server.dependencies import get_access_token
from key_value.aio.stores.memory import MemoryStore

AUTHORITY = os.environ["AUTHORITY"]
TENANT = os.environ["TENANT_ID"]
PORT = int(os.environ["PORT"])


def create_auth() -> AzureProvider:
    """Its own provider, but for `https` in Entra's addresses: the emulator speaks http."""
    host = AUTHORITY.split("://")[1]
    auth = AzureProvider(
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        tenant_id=TENANT,
        required_scopes=["mcp-access"],
        base_url=f"http://localhost:{PORT}",
        base_authority=host,
        # Its default, encrypted files, costs several times as much.
        client_storage=MemoryStore(),
        token_issuer=f"{AUTHORITY}/{TENANT}/v2.0",
    )

    def at_emulator(url: str) -> str:
        return url.replace(f"https://{host}", AUTHORITY)

    auth._upstream_authorization_endpoint = at_emulator(auth._upstream_authorization_endpoint)
    auth._upstream_token_endpoint = at_emulator(auth._upstream_token_endpoint)
    verifier = auth._token_validator
    verifier.jwks_uri = at_emulator(verifier.jwks_uri)
    return auth


Category = Literal["food", "transport", "entertainment", "shopping", "gadget", "other"]
PaymentMethod = Literal["amex", "visa", "cash"]

mcp = FastMCP("expenses", auth=create_auth())
expenses: dict[str, list[dict[str, Any]]] = defaultdict(list)


def own_expenses() -> list[dict[str, Any]]:
    """Those of the signed-in user."""
    token = get_access_token()
    assert token is not None
    return expenses[token.claims["oid"]]


# Tools that are no coroutines are run in threads, which takes longer.
@mcp.tool
async def add_user_expense(
    date: Date,
    amount: float,
    category: Category,
    description: str,
    payment_method: PaymentMethod,
) -> dict[str, Any]:
    """Adds an expense."""
    expense = {
        "id": str(uuid4()),
        "date": date.isoformat(),
        "amount": amount,
        "category": category,
        "description": description,
        "payment_method": payment_method,
        "created": datetime.now(timezone.utc).isoformat(),
    }
    own_expenses().append(expense)
    return expense


@mcp.tool
async def get_expenses() -> dict[str, Any]:
    """Lists all expenses."""
    own = own_expenses()
    return {"count": len(own), "expenses": own}


# uvloop and httptools are taken where they are installed.
uvicorn.run(
    mcp.http_app(stateless_http=True, json_response=True),
    host="localhost",
    port=PORT,
    log_level="warning",
    access_log=False,
)
