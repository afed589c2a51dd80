"""The VIP club of a shop: whoever is in a cohort gets a row, and whoever enters one gets a welcome mail."""

from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StrictStr
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.exceptions import HTTPException

from cohortprop import Receiver


class Base(DeclarativeBase): ...


class Member(Base):
    __tablename__ = "member"

    cohort: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    session: Mapped[str]  # the last one that named them


class Page(Base):
    """A page of a full sync that has come."""

    __tablename__ = "page"

    session: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class Mail(Base):
    """The outbox; a job sends what stands in it."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str]
    user: Mapped[str]


class Named(BaseModel):
    mixpanel_distinct_id: StrictStr


class PageInfo(BaseModel):
    total_pages: int = 1
    page_count: int = 1


class Parameters(BaseModel):
    mixpanel_cohort_id: StrictStr
    mixpanel_session_id: StrictStr
    page_info: PageInfo = PageInfo()
    members: list[Named]


class Delivery(BaseModel):
    action: Literal["members", "add_members", "remove_members"]
    parameters: Parameters


def create_app(url="sqlite+aiosqlite:///shop.db"):
    engine = create_async_engine(url)

    @asynccontextmanager
    async def lifespan(app):
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.state.sessions = async_sessionmaker(engine)

    @app.post("/mixpanel")
    async def webhook(delivery: Delivery):
        async with app.state.sessions.begin() as database:
            await take(database, delivery.action, delivery.parameters)
        return {"action": delivery.action, "status": "success"}

    @app.exception_handler(RequestValidationError)
    async def no_delivery(request, error):
        return failure(400, f"not a delivery: {error.errors()}")

    @app.exception_handler(HTTPException)
    async def refuse(request, error):
        return failure(error.status_code, error.detail)

    return app


def failure(code, message):
    reason = {"message": message, "code": code}
    return JSONResponse({"action": "unknown", "status": "failure", "error": reason}, code)


async def take(database, action, told):
    cohort, users = told.mixpanel_cohort_id, [member.mixpanel_distinct_id for member in told.members]
    named = Member.cohort == cohort, Member.user.in_(users)
    if action == "remove_members":
        await database.execute(delete(Member).where(*named))
        return
    session = told.mixpanel_session_id
    new = set(users).difference(await database.scalars(select(Member.user).where(*named)))
    await database.execute(update(Member).where(*named).values(session=session))
    database.add_all(Member(cohort=cohort, user=user, session=session) for user in new)
    database.add_all(Mail(cohort=cohort, user=user) for user in new)
    if action == "members":  # the whole cohort: whom no page has named is not in it any more
        await database.merge(Page(session=session, number=told.page_info.page_count))
        come = await database.scalar(select(func.count()).where(Page.session == session))
        if come == told.page_info.total_pages:
            await database.execute(delete(Member).where(Member.cohort == cohort, Member.session != session))


def receiver():
    app = create_app(url="sqlite+aiosqlite://")  # in memory, so that each trial starts with an empty one

    async def members(cohort):
        async with app.state.sessions() as database:
            return list(await database.scalars(select(Member.user).filter_by(cohort=cohort)))

    async def arrivals():
        async with app.state.sessions() as database:
            return [(mail.cohort, mail.user) for mail in await database.scalars(select(Mail))]

    return Receiver(app, path="/mixpanel", members=members, arrivals=arrivals)
