-- End the step that the canary is at. The value names both, so that it ends no other step.
local canary = obj.status and obj.status.canary
local step = obj.status and obj.status.rollout and obj.status.rollout.currentStepIndex
if canary == nil or step == nil then
  error("no canary is at a step, so there is nothing to promote", 0)
end
local key, value = "inference.aipx.io/promote", canary.revision .. "/" .. step
obj.metadata.annotations = obj.metadata.annotations or {}
-- The same command again counts only with a time behind it.
if obj.metadata.annotations[key] == value then
  value = value .. "@" .. require("os").date("!%Y-%m-%dT%H:%M:%SZ")
end
obj.metadata.annotations[key] = value
return obj
