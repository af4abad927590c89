package writ.two_person_approval_test

import data.writ.two_person_approval
import rego.v1

nothing := {"operations": 0, "spent": [], "counterparties": []}

me := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

nobody := "0x0000000000000000000000000000000000000000"

usdc := "0x1111111111111111111111111111111111111111"

friend := "0x2222222222222222222222222222222222222222"

second := "0x5555555555555555555555555555555555555555"

parameters := {
	"approvers": [second],
	"limits": [
		{"kind": "native", "asset": nobody, "above": 10},
		{"kind": "erc20", "asset": usdc, "above": 100},
	],
	"validFor": 60,
}

of(kind, asset, most) := {"asset": asset, "kind": kind, "id": 0, "spender": nobody, "maxOut": most}

missing := {"status": "missing", "detail": ""}

approval(entries) := {
	"status": "verified", "kind": "statement", "issuer": second, "value": entries, "issuedAt": 1, "validUntil": 99,
	"proof": "0x00",
}

base := {
	"version": 2,
	"chain": {"id": 1, "block": {"number": 1, "hash": "0x00", "timestamp": 1}},
	"account": {"address": me, "codeHash": "0x00", "kind": "erc7579-openzeppelin", "deployed": true, "balance": 0},
	"operation": {
		"entryPoint": friend, "nonce": {"key": 0, "sequence": 0}, "factory": nobody, "paymaster": nobody,
		"callGasLimit": 1, "maxCost": 1,
	},
	"calls": [{"to": usdc, "value": 0, "selector": "0xa9059cbb", "function": "transfer(address,uint256)", "args": [], "data": "0xa9059cbb"}],
	"bounds": [of("native", nobody, 10), of("erc20", usdc, 100)],
	"effects": {
		"native": [], "tokens": [], "approvals": [], "delegateCalls": [], "created": [], "touched": [usdc],
		"reverted": false,
	},
	"history": {"sequence": 0, "hour": nothing, "day": nothing, "week": nothing},
	"facts": {"approval": missing},
}

decided(document) := decision if {
	decision := two_person_approval.decision with input as document
		with data.parameters as parameters
}

bounded(bounds, fact) := object.union(base, {"bounds": bounds, "facts": {"approval": fact}})

allowed := {"allow": true, "reasons": set(), "validFor": 60}

refused(reason) := {"allow": false, "reasons": {reason}, "validFor": 60}

over := [of("native", nobody, 0), of("erc20", usdc, 101)]

test_up_to_the_limits_nobody_approves if decided(base) == allowed

test_above_a_limit_somebody_has_to if {
	reason := "more than 100 of erc20 0x1111111111111111111111111111111111111111 needs a second person: 101 would leave, the approval is missing"
	decided(bounded(over, missing)) == refused(reason)
}

test_a_fact_that_nobody_asked_for_is_missing if {
	none := object.union(object.remove(base, ["facts"]), {"bounds": over, "facts": {}})
	decided(none) == decided(bounded(over, missing))
	decided(object.remove(none, ["facts"])).allow == false
}

test_why_an_approval_does_not_count_is_said if {
	expired := {"status": "expired", "detail": "it ends at 5"}
	reason := "more than 10 of native 0x0000000000000000000000000000000000000000 needs a second person: 11 would leave, the approval is expired"
	decided(bounded([of("native", nobody, 11)], expired)) == refused(reason)
}

test_what_is_not_listed_needs_approval if {
	nft := [of("native", nobody, 0), of("erc721", friend, 1)]
	reason := "more than 0 of erc721 0x2222222222222222222222222222222222222222 needs a second person: 1 would leave, the approval is missing"
	decided(bounded(nft, missing)) == refused(reason)
	decided(bounded([of("native", nobody, 0), of("erc721", friend, 0)], missing)) == allowed
}

test_another_kind_of_a_listed_asset_needs_approval if {
	allowance := [of("native", nobody, 0), object.union(of("allowance", usdc, 5), {"spender": friend})]
	decided(bounded(allowance, missing)).allow == false
}

test_what_was_approved_may_leave if {
	decided(bounded(over, approval([of("erc20", usdc, 101)]))) == allowed
	decided(bounded(over, approval([of("erc20", usdc, 102), of("native", nobody, 1)]))) == allowed
}

test_more_than_what_was_approved_may_not if {
	reason := "101 of erc20 0x1111111111111111111111111111111111111111 is more than what was approved"
	decided(bounded(over, approval([of("erc20", usdc, 100)]))) == refused(reason)
	decided(bounded(over, approval([of("erc20", friend, 101)]))) == refused(reason)
	decided(bounded(over, approval([of("erc721", usdc, 101)]))) == refused(reason)
	decided(bounded(over, approval([]))) == refused(reason)
}

test_an_approval_is_for_one_token_and_one_spender if {
	entry := object.union(of("allowance", usdc, 5), {"spender": friend, "id": 0})
	bounds := [of("native", nobody, 0), entry]
	decided(bounded(bounds, approval([entry]))) == allowed
	decided(bounded(bounds, approval([object.union(entry, {"spender": second})]))).allow == false
	decided(bounded(bounds, approval([object.union(entry, {"id": 1})]))).allow == false
}

test_a_fact_that_is_not_verified_approves_nothing if {
	claimed := object.union(approval([of("erc20", usdc, 101)]), {"status": "expired"})
	decided(bounded(over, claimed)).allow == false
}

itself := {"to": me, "value": 0, "selector": "0x9517e29f", "function": "installModule(uint256,address,bytes)", "args": [], "data": "0x9517e29f"}

test_a_call_to_the_account_needs_approval if {
	changed := object.union(base, {"calls": [itself]})
	decided(changed) == refused("a call to the account itself needs a second person")
	decided(object.union(changed, {"facts": {"approval": approval([])}})) == allowed
}

test_a_delegatecall_needs_approval if {
	delegates := object.union(base, {"effects": object.union(base.effects, {"delegateCalls": [{"from": me, "to": friend}]})})
	decided(delegates) == refused("a delegatecall by the account needs a second person")
	decided(object.union(delegates, {"facts": {"approval": approval([])}})) == allowed
	others := object.union(base, {"effects": object.union(base.effects, {"delegateCalls": [{"from": usdc, "to": me}]})})
	decided(others) == allowed
}

test_what_reverts_is_refused if {
	reverts := object.union(base, {"effects": object.union(base.effects, {"reverted": true})})
	decided(reverts) == refused("the execution reverts in simulation, so nobody knows what leaves")
}
