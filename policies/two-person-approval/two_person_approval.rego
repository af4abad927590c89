# What needs a second person: amounts above a limit, and whatever could change who controls the account.
#
# The second person approves this very action, and the most of each asset that may leave in it. Amounts are
# decided on input.bounds, which the chain enforces: no more leaves than what was approved.
package writ.two_person_approval

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

account := input.account.address

# Also where nobody asked for the fact: what is not there approves nothing.

standing := input.facts.approval.status

standing := "missing" if not input.facts.approval.status

approved if standing == "verified"

# What may leave without a second person; of what is not listed, nothing.

limits := {of_kind(entry): entry.above | some entry in data.parameters.limits}

of_kind(entry) := concat(" ", [entry.kind, entry.asset])

limit_of(bound) := limits[of_kind(bound)]

limit_of(bound) := 0 if not limits[of_kind(bound)]

large := [bound | some bound in input.bounds; bound.maxOut > limit_of(bound)]

refusals contains reason if {
	some bound in large
	not approved
	reason := concat("", [
		"more than ", format_int(limit_of(bound), 10), " of ", name_of(bound), " needs a second person: ",
		format_int(bound.maxOut, 10), " would leave, the approval is ", standing,
	])
}

# What was approved, and no more.

most := {exactly(entry): entry.maxOut | some entry in input.facts.approval.value}

exactly(entry) := concat(" ", [entry.kind, entry.asset, format_int(entry.id, 10), entry.spender])

covered(bound) if most[exactly(bound)] >= bound.maxOut

refusals contains reason if {
	some bound in large
	approved
	not covered(bound)
	reason := concat("", [format_int(bound.maxOut, 10), " of ", name_of(bound), " is more than what was approved"])
}

name_of(bound) := concat(" ", [bound.kind, bound.asset])

# Whatever amount it is about: what could change who controls the account.

executes if input.effects.reverted == false

refusals contains "the execution reverts in simulation, so nobody knows what leaves" if not executes

refusals contains "a call to the account itself needs a second person" if {
	some call in input.calls
	call.to == account
	not approved
}

refusals contains "a delegatecall by the account needs a second person" if {
	some delegated in input.effects.delegateCalls
	delegated.from == account
	not approved
}
