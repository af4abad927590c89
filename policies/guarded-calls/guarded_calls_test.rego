package writ.guarded_calls_test

import data.writ.guarded_calls
import rego.v1

nothing := {"operations": 0, "spent": [], "counterparties": []}

vault := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

nobody := "0x0000000000000000000000000000000000000000"

usdc := "0x1111111111111111111111111111111111111111"

customer := "0x2222222222222222222222222222222222222222"

stranger := "0x9999999999999999999999999999999999999999"

villain := "0xbadbadbadbadbadbadbadbadbadbadbadbadbad0"

parameters := {
	"callers": [customer], "anyone": false, "denied": [villain], "selectors": ["0x6e553f65"],
	"limits": [{"asset": usdc, "perCall": 5}], "validFor": 60,
}

deposit := {"to": vault, "value": 0, "selector": "0x6e553f65", "function": "", "args": [], "data": "0x6e553f65"}

moved(from, to) := {"token": usdc, "standard": "erc20", "from": from, "to": to, "amount": 5}

bound(amount) := {"asset": usdc, "kind": "erc20", "maxOut": amount}

native(amount) := {"asset": nobody, "kind": "native", "maxOut": amount}

base := {
	"version": 2,
	"chain": {"id": 1, "block": {"number": 1, "hash": "0x00", "timestamp": 1}},
	"account": {"address": vault, "codeHash": "0x00", "kind": "guarded-contract", "deployed": true, "balance": 0},
	"operation": {
		"entryPoint": nobody, "nonce": {"key": 0, "sequence": 7}, "factory": nobody, "paymaster": nobody,
		"callGasLimit": 0, "maxCost": 0,
	},
	"action": {
		"enforcer": vault, "caller": customer, "target": vault, "path": "presented", "operation": "call",
		"context": "0x00", "nonce": 7,
	},
	"calls": [deposit],
	"bounds": [native(0), bound(5)],
	"effects": {
		"native": [], "tokens": [moved(customer, vault)], "approvals": [], "delegateCalls": [], "created": [],
		"touched": [usdc, customer], "reverted": false,
	},
	"history": {"sequence": 0, "hour": nothing, "day": nothing, "week": nothing},
	"facts": {},
}

is_denied(part) := concat("", [villain, " is on the deny-list (", part, ")"])

test_a_customers_deposit if {
	guarded_calls.decision == {"allow": true, "reasons": set(), "validFor": 60} with input as base
		with data.parameters as parameters
}

test_a_refusal_carries_its_reasons if {
	decision := guarded_calls.decision with input as base
		with data.parameters as parameters
		with input.action.caller as stranger
	decision.allow == false
	decision.reasons == {concat("", [stranger, " is not among those who may call"])}
}

test_a_safe_is_no_guarded_contract if {
	reasons := guarded_calls.refusals with input as base with data.parameters as parameters with input.account.kind as "safe"
	reasons == {"this policy decides on calls of guarded contracts alone"}
}

test_anyone if {
	open := object.union(parameters, {"anyone": true})
	reasons := guarded_calls.refusals with input as base with data.parameters as open with input.action.caller as stranger
	reasons == set()
}

test_another_function if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(deposit, {"selector": "0x4f1ef286"})]
	reasons == {"0x4f1ef286 is not among the functions that may be called"}
}

test_no_data if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(deposit, {"selector": ""})]
	reasons == {"a call without data is not among the functions that may be called"}
}

test_denied_touched if {
	reasons := guarded_calls.refusals with input as base with data.parameters as parameters with input.effects.touched as [villain]
	reasons == {is_denied("calls, or is touched")}
}

test_denied_native_sender if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.effects.native as [{"from": villain, "to": vault, "amount": 1}]
	reasons == {is_denied("sends native currency")}
}

test_denied_native_recipient if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.effects.native as [{"from": vault, "to": villain, "amount": 1}]
	reasons == {is_denied("receives native currency")}
}

test_denied_token if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [object.union(moved(customer, vault), {"token": villain})]
	reasons == {is_denied("a token that moves")}
}

test_denied_token_sender if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(villain, vault)]
	reasons == {is_denied("sends tokens")}
}

test_denied_token_recipient if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(vault, villain)]
	reasons == {is_denied("receives tokens")}
}

test_more_leaves_than_may if {
	reasons := guarded_calls.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [native(0), bound(6)]
	reasons == {concat("", ["at most 5 of ", usdc, " may leave in one call: 6 would"])}
}

test_what_is_not_listed_stays if {
	reasons := guarded_calls.refusals with input as base with data.parameters as parameters with input.bounds as [native(1), bound(5)]
	reasons == {concat("", ["nothing of ", nobody, " may leave the contract"])}
}
