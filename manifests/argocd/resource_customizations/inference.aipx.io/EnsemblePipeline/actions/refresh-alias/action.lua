-- Generated from InferenceModel/actions/refresh-alias/action.lua by `make generate`. Do not edit.
-- Ask the registry again which version the alias names. The value is the time of the request.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["inference.aipx.io/refresh-alias"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
