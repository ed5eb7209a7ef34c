-- Generated from InferenceModel/actions/rollback/action.lua by `make generate`. Do not edit.
-- Serve the revision before the stable one, for as long as the spec wants the revision that it wants now.
local status = obj.status or {}
local stable = status.stable and status.stable.revision
local rollout = status.rollout or {}
local before = nil
for _, decision in ipairs(status.decisions or {}) do
  if decision.reason == "Promoted" and decision.to == stable and decision.from ~= nil then
    before = decision.from
  end
end
before = before or rollout.previous
local target = rollout.aborted and rollout.aborted.revision or stable
if stable == nil or before == nil or before == stable or before == target then
  error("the status names no revision before the stable one; apply the manifest that you want instead", 0)
end
if status.canary ~= nil then
  error("a rollout is in progress: abort it, then roll back", 0)
end
obj.metadata.annotations = obj.metadata.annotations or {}
local key, value = "inference.aipx.io/rollback", before .. ";from=" .. target
-- The same command again counts only with a time behind it.
if obj.metadata.annotations[key] == value then
  value = value .. "@" .. require("os").date("!%Y-%m-%dT%H:%M:%SZ")
end
obj.metadata.annotations[key] = value
return obj
