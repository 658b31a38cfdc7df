"""What every profile begins with: schema, id, title and the document that its facts come from."""

from typing import ClassVar, Literal

from pydantic import Field

from v2g_tool.model.base import Model

Status = Literal["verified", "derived", "draft"]
"""verified: checked against its document and a device or its definition; derived: from documents at second hand;
draft: unconfirmed, no verdict and no write may rest on it."""


class Document(Model):
    """Where the facts of a profile come from."""

    title: str = Field(min_length=1)
    revision: str = ""
    page: str = ""


class ProfileHead(Model):
    """The head of a profile of any kind."""

    FOLDER: ClassVar[str]
    """Where profiles of this kind lie under `profiles/`."""

    schema_: Literal[1] = Field(alias="schema")
    id: str
    title: str
    document: Document
