-- Which actions make sense now. Argo CD gives this script no library for texts.
local annotations = obj.metadata.annotations or {}
local status = obj.status or {}
local rollout = status.rollout or {}
local canary = status.canary and status.canary.revision
local stable = status.stable and status.stable.revision
local is_current = status.observedGeneration ~= nil and status.observedGeneration >= obj.metadata.generation

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.type ~= nil then
    conditions[condition.type] = condition
  end
end
local reason = conditions.Ready and conditions.Ready.reason

local function command(verb)
  return annotations["inference.aipx.io/" .. verb]
end

-- A rollout beside a stable revision: the first revision has no steps, and nothing to go back to.
local is_rolling_out = canary ~= nil and stable ~= nil
local steps = obj.spec.rollout and obj.spec.rollout.canary and obj.spec.rollout.canary.steps or {}
local step = rollout.currentStepIndex
local has_step = is_rolling_out and is_current and step ~= nil and step < #steps and reason ~= "Frozen"

local is_aborted = is_current and rollout.aborted ~= nil and canary == nil
local is_rolled_back = reason == "RolledBack" and command("rollback") ~= nil
-- A pause also holds a revision that has not started.
local is_waiting = canary == nil and reason == "Paused" and command("pause") ~= nil
local is_paused = is_waiting or (is_rolling_out and command("pause") == canary)

-- The revision before the stable one, and whether the spec's own revision is known.
local before = nil
for _, decision in ipairs(status.decisions or {}) do
  if decision.reason == "Promoted" and decision.to == stable and decision.from ~= nil then
    before = decision.from
  end
end
before = before or rollout.previous
local target = rollout.aborted and rollout.aborted.revision or stable
local is_target_known = conditions.SpecValid ~= nil and conditions.SpecValid.status == "True"
  and reason ~= "Paused" and reason ~= "Frozen" and reason ~= "RolledBack"
local can_go_back = is_current and is_target_known and canary == nil and stable ~= nil
  and before ~= nil and before ~= stable and before ~= target

-- Whether a model comes from the registry. Texts between these two begin with `models:/`.
local function is_registered(model)
  local uri = model and model.source and model.source.uri
  return uri ~= nil and uri >= "models:/" and uri < "models:0"
end
local has_registered = is_registered(obj.spec.model)
for _, each in ipairs(obj.spec.steps or {}) do
  has_registered = has_registered or is_registered(each.model)
end

local function action(is_possible, name, icon)
  return {["disabled"] = not is_possible, ["displayName"] = name, ["iconClass"] = "fa fa-fw fa-" .. icon}
end

local actions = {}
actions["promote"] = action(has_step, "Promote: end this step", "step-forward")
actions["promote-full"] = action(has_step, "Promote: skip all steps", "fast-forward")
actions["abort"] = action(is_rolling_out, "Abort the rollout", "stop")
actions["retry"] = action(is_aborted, "Retry the aborted rollout", "redo")
actions["pause"] = action(is_rolling_out and not is_paused, "Pause the rollout", "pause")
actions["resume"] = action(is_paused or is_rolled_back, "Resume", "play")
actions["rollback"] = action(can_go_back, "Roll back to the revision before", "undo")
actions["refresh-alias"] = action(has_registered, "Ask the registry again", "sync")
return actions
