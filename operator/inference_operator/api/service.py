"""`spec.service`: addresses for clients within the cluster."""

from inference_operator.api.base import ApiModel, Bool


class ServiceSettings(ApiModel):
    """Addresses for clients within the cluster. The Service that is named after the resource always
    exists."""

    headless: Bool = False
    """Whether there is a second Service, `<name>-headless`, that has no address of its own. Its DNS
    name gives the addresses of all serving pods, for clients that balance by themselves, such as
    gRPC with round_robin."""
