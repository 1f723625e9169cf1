"""The digital tourism product (Trải nghiệm - khám phá cùng thanh niên tỉnh): how much it is used."""

from pydantic import Field

from schemas.events.effects import Code, Event, Flow


class ServiceUsed(Flow, name="service.used"):
    """Somebody used a service of the product; never who."""

    dimensions = ("service",)

    service: Code = Field(description="Code of the service, such as tour-booking.")


EVENTS: tuple[type[Event], ...] = (ServiceUsed,)
