"""docs"""


def api_page() -> str:
    return ""
