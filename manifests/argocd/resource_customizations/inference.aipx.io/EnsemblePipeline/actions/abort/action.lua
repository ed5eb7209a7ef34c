-- Generated from InferenceModel/actions/abort/action.lua by `make generate`. Do not edit.
-- Send all clients back to the stable revision. The value names the canary: another one is not aborted.
local canary = obj.status and obj.status.canary
if canary == nil or obj.status.stable == nil then
  error("no canary runs beside a stable revision, so there is nothing to abort", 0)
end
local key, value = "inference.aipx.io/abort", canary.revision
obj.metadata.annotations = obj.metadata.annotations or {}
-- The same command again counts only with a time behind it.
if obj.metadata.annotations[key] == value then
  value = value .. "@" .. require("os").date("!%Y-%m-%dT%H:%M:%SZ")
end
obj.metadata.annotations[key] = value
return obj
