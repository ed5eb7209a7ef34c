-- Generated from InferenceModel/actions/promote-full/action.lua by `make generate`. Do not edit.
-- Skip all steps of this canary: it gets all clients as soon as its model answers on all replicas.
local canary = obj.status and obj.status.canary
local step = obj.status and obj.status.rollout and obj.status.rollout.currentStepIndex
if canary == nil or step == nil then
  error("no canary is at a step, so there is nothing to promote", 0)
end
local key, value = "inference.aipx.io/promote", canary.revision .. "/full"
obj.metadata.annotations = obj.metadata.annotations or {}
-- The same command again counts only with a time behind it.
if obj.metadata.annotations[key] == value then
  value = value .. "@" .. require("os").date("!%Y-%m-%dT%H:%M:%SZ")
end
obj.metadata.annotations[key] = value
return obj
