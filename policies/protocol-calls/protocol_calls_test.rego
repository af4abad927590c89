package writ.protocol_calls_test

import data.writ.protocol_calls
import rego.v1

account := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

token := "0x1111111111111111111111111111111111111111"

vault := "0x2222222222222222222222222222222222222222"

router := "0x4444444444444444444444444444444444444444"

stranger := "0x9999999999999999999999999999999999999999"

approve := {
	"signature": "approve(address,uint256)", "maxValue": 0,
	"arguments": [{"name": "spender", "among": [router]}, {"name": "value", "least": 2, "most": 100}],
}

operators := {
	"signature": "setApprovalForAll(address,bool)", "maxValue": 0,
	"arguments": [{"name": "operator", "anything": true}, {"name": "approved", "among": [false]}],
}

deposit := {
	"signature": "deposit(uint256[],address)", "maxValue": 7,
	"arguments": [{"name": "ids", "least": 0, "most": 5}, {"name": "receiver", "account": true}],
}

plain := {"signature": "", "maxValue": 3, "arguments": []}

parameters := {
	"protocols": [
		{"address": token, "name": "token", "functions": [approve, operators]},
		{"address": vault, "name": "vault", "functions": [deposit, plain]},
	],
	"maxCalls": 2, "validFor": 60,
}

argument(name, kind, value) := {"name": name, "type": kind, "value": value}

approving(spender, amount) := {
	"to": token, "value": 0, "selector": "0x095ea7b3", "function": "approve(address,uint256)", "data": "0x",
	"args": [argument("spender", "address", spender), argument("value", "uint256", amount)],
}

naming(operator, approved) := {
	"to": token, "value": 0, "selector": "0xa22cb465", "function": "setApprovalForAll(address,bool)", "data": "0x",
	"args": [argument("operator", "address", operator), argument("approved", "bool", approved)],
}

depositing(ids, receiver, value) := {
	"to": vault, "value": value, "selector": "0x00000001", "function": "deposit(uint256[],address)", "data": "0x",
	"args": [argument("ids", "uint256[]", ids), argument("receiver", "address", receiver)],
}

sending(to, value) := {"to": to, "value": value, "selector": "", "function": "", "args": [], "data": "0x"}

of(calls) := {"calls": calls, "account": {"address": account}}

refused(calls) := reasons if {
	reasons := protocol_calls.refusals with input as of(calls) with data.parameters as parameters
}

test_a_batch_within_its_limits if {
	calls := [approving(router, 100), depositing([0, 5], account, 7)]
	decision := protocol_calls.decision with input as of(calls) with data.parameters as parameters
	decision == {"allow": true, "reasons": set(), "validFor": 60}
}

test_a_refusal_carries_its_reasons if {
	decision := protocol_calls.decision with input as of([sending(stranger, 0)]) with data.parameters as parameters
	decision == {"allow": false, "reasons": {concat("", [stranger, " is no protocol that may be called"])}, "validFor": 60}
}

test_the_least_and_the_most if {
	refused([approving(router, 2)]) == set()
	refused([approving(router, 1)]) == {"argument value of approve(address,uint256) may not be 1"}
	refused([approving(router, 101)]) == {"argument value of approve(address,uint256) may not be 101"}
}

test_among if {
	refused([approving(stranger, 50)]) == {concat("", ["argument spender of approve(address,uint256) may not be ", stranger])}
}

test_the_account_is_nobody_that_was_not_named if {
	refused([approving(account, 50)]) == {concat("", ["argument spender of approve(address,uint256) may not be ", account])}
}

test_the_account_itself if {
	refused([depositing([1], stranger, 0)]) == {concat("", ["argument receiver of deposit(uint256[],address) may not be ", stranger])}
}

test_anything_and_a_flag if {
	refused([naming(stranger, false)]) == set()
	refused([naming(stranger, true)]) == {"argument approved of setApprovalForAll(address,bool) may not be that"}
}

test_anything_has_to_be_true if {
	limits := [{"name": "operator", "anything": false}, {"name": "approved", "among": [false]}]
	none := {
		"protocols": [{"address": token, "name": "token", "functions": [object.union(operators, {"arguments": limits})]}],
		"maxCalls": 1, "validFor": 60,
	}
	reasons := protocol_calls.refusals with input as of([naming(stranger, false)]) with data.parameters as none
	reasons == {concat("", ["argument operator of setApprovalForAll(address,bool) may not be ", stranger])}
}

test_the_account_has_to_be_true if {
	limits := [{"name": "ids", "anything": true}, {"name": "receiver", "account": false}]
	none := {
		"protocols": [{"address": vault, "name": "vault", "functions": [object.union(deposit, {"arguments": limits})]}],
		"maxCalls": 1, "validFor": 60,
	}
	reasons := protocol_calls.refusals with input as of([depositing([], account, 0)]) with data.parameters as none
	reasons == {concat("", ["argument receiver of deposit(uint256[],address) may not be ", account])}
}

test_every_item_of_a_list if {
	refused([depositing([1, 6], account, 0)]) == {"argument ids of deposit(uint256[],address) may not be 6"}
	refused([depositing([], account, 0)]) == set()
}

# Text is no number, however the two are ordered.
test_a_range_is_of_numbers if {
	refused([approving(router, "50")]) == {"argument value of approve(address,uint256) may not be 50"}
}

swap := {
	"signature": "swap((address,uint256))", "maxValue": 0,
	"arguments": [{"name": "params.recipient", "account": true}, {"name": "params.amount", "least": 0, "most": 9}],
}

swapping(function, fields) := {
	"to": router, "value": 0, "selector": "0x00000002", "function": "", "args": [], "data": "0x",
	"pinned": {"function": function, "args": [argument("params", "tuple", fields)]},
}

with_swap := {"protocols": [{"address": router, "name": "router", "functions": [swap]}], "maxCalls": 1, "validFor": 60}

swapped(function, fields) := reasons if {
	reasons := protocol_calls.refusals with input as of([swapping(function, fields)]) with data.parameters as with_swap
}

test_a_pinned_function_and_the_fields_of_a_tuple if {
	swapped("swap((address,uint256))", {"recipient": account, "amount": 9}) == set()
	swapped("swap((address,uint256))", {"recipient": stranger, "amount": 10}) == {
		concat("", ["argument params.recipient of swap((address,uint256)) may not be ", stranger]),
		"argument params.amount of swap((address,uint256)) may not be 10",
	}
	swapped("swap((address,uint256))", {"recipient": account, "more": 1}) == {
		"argument params.more of swap((address,uint256)) has no limit, so it may be nothing",
	}
	swapped("other()", {}) == {concat("", ["other() of ", router, " may not be called"])}
}

test_a_tuple_in_a_tuple_fits_no_limit if {
	swapped("swap((address,uint256))", {"recipient": account, "amount": {"least": 0}}) == {
		"argument params.amount of swap((address,uint256)) may not be that",
	}
}

test_a_tuple_is_known_by_its_fields if {
	refused([approving(router, {"amount": 50})]) == {
		"argument value.amount of approve(address,uint256) has no limit, so it may be nothing",
	}
}

test_half_a_range_is_none if {
	every half in [{"name": "value", "most": 100}, {"name": "value", "least": 0}] {
		limited := object.union(approve, {"arguments": [{"name": "spender", "among": [router]}, half]})
		one := {"protocols": [{"address": token, "name": "token", "functions": [limited]}], "maxCalls": 1, "validFor": 60}
		reasons := protocol_calls.refusals with input as of([approving(router, 50)]) with data.parameters as one
		reasons == {"argument value of approve(address,uint256) may not be 50"}
	}
}

test_an_argument_without_a_limit if {
	call := object.union(naming(stranger, false), {"args": [argument("operator", "address", router), argument("more", "bool", false)]})
	refused([call]) == {"argument more of setApprovalForAll(address,bool) has no limit, so it may be nothing"}
}

test_value if {
	refused([depositing([], account, 8)]) == {concat("", [
		"deposit(uint256[],address) of ", vault, " may be sent at most 7 wei: 8 would be",
	])}
	refused([sending(vault, 3)]) == set()
	refused([sending(vault, 4)]) == {concat("", ["a plain transfer of ", vault, " may be sent at most 3 wei: 4 would be"])}
}

test_another_function if {
	transfer := object.union(approving(router, 50), {"function": "transfer(address,uint256)"})
	refused([transfer]) == {concat("", ["transfer(address,uint256) of ", token, " may not be called"])}
	refused([sending(token, 0)]) == {concat("", ["a plain transfer of ", token, " may not be called"])}
}

# Not even where plain transfers are allowed.
test_a_function_that_is_not_known if {
	unknown := object.union(sending(vault, 0), {"selector": "0xdeadbeef"})
	refused([unknown]) == {concat("", ["function 0xdeadbeef of ", vault, " is not known, so nobody knows what it is told"])}
}

test_limits_are_of_their_contract if {
	elsewhere := object.union(approving(router, 50), {"to": vault})
	refused([elsewhere]) == {concat("", ["approve(address,uint256) of ", vault, " may not be called"])}
}

test_both_entries_of_a_function_count if {
	stricter := object.union(approve, {"arguments": [{"name": "spender", "anything": true}, {"name": "value", "least": 0, "most": 9}]})
	twice := {"protocols": [{"address": token, "name": "token", "functions": [approve, stricter]}], "maxCalls": 1, "validFor": 60}
	reasons := protocol_calls.refusals with input as of([approving(router, 50)]) with data.parameters as twice
	reasons == {"argument value of approve(address,uint256) may not be 50"}
}

test_too_many_calls if {
	refused([naming(router, false), naming(router, false), naming(router, false)]) == {
		"at most 2 calls may be made in one operation: 3 would",
	}
}
