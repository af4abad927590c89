package writ.agent_spending_test

import data.writ.agent_spending
import rego.v1

me := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

nobody := "0x0000000000000000000000000000000000000000"

usdc := "0x1111111111111111111111111111111111111111"

friend := "0x2222222222222222222222222222222222222222"

router := "0x3333333333333333333333333333333333333333"

stranger := "0x9999999999999999999999999999999999999999"

sponsor := "0x7777777777777777777777777777777777777777"

usdc_limit := {"asset": usdc, "symbol": "USDC", "decimals": 6, "perOperation": 100000000, "perDay": 150000000}

ether_limit := {"asset": nobody, "symbol": "ETH", "decimals": 18, "perOperation": 10000000000000000, "perDay": 20000000000000000}

parameters := {
	"limits": [usdc_limit, ether_limit],
	"targets": [
		{"address": usdc, "selectors": ["0xa9059cbb", "0x095ea7b3"]},
		{"address": friend, "selectors": [""]},
	],
	"spenders": [router],
	"paymasters": [sponsor],
	"feePerOperation": 3000000000000000,
	"validFor": 300,
}

transfer_call := {"to": usdc, "value": 0, "selector": "0xa9059cbb", "function": "transfer(address,uint256)", "args": [], "data": "0xa9059cbb"}

no_effects := {"native": [], "tokens": [], "approvals": [], "delegateCalls": [], "created": [], "touched": [], "reverted": false}

nothing := {"operations": 0, "spent": [], "counterparties": []}

before := {"operations": 1, "spent": [{"asset": usdc, "amount": 50000000}, {"asset": nobody, "amount": 1}], "counterparties": []}

# One transfer of 40 USDC, after 50 were spent today.
base := {
	"version": 2,
	"chain": {"id": 1, "block": {"number": 1, "hash": "0x00", "timestamp": 1}},
	"account": {"address": me, "codeHash": "0x00", "kind": "erc7579-openzeppelin", "deployed": true, "balance": 0},
	"operation": {
		"entryPoint": nobody, "nonce": {"key": 0, "sequence": 0}, "factory": nobody, "paymaster": nobody,
		"callGasLimit": 1, "maxCost": 3000000000000000,
	},
	"calls": [transfer_call],
	"bounds": bounds(0, 40000000),
	"effects": no_effects,
	"history": {"sequence": 1, "hour": nothing, "day": before, "week": before},
	"facts": {},
}

bounds(ether, tokens) := [bound("native", nobody, nobody, ether), bound("erc20", usdc, nobody, tokens)]

bound(kind, asset, spender, most) := {"asset": asset, "kind": kind, "id": 0, "spender": spender, "maxOut": most}

moved(token, from, to, amount) := {"token": token, "standard": "erc20", "from": from, "to": to, "id": 0, "amount": amount}

approved(token, spender, amount) := {"kind": "allowance", "token": token, "owner": me, "spender": spender, "id": 0, "amount": amount}

# The operation as it is: allowed, without reasons, for as long as the parameters say.
test_within_limits if {
	agent_spending.decision == {"allow": true, "reasons": set(), "validFor": 300} with input as base
		with data.parameters as parameters
}

test_denial_carries_its_reasons if {
	decision := agent_spending.decision with input as base
		with data.parameters as parameters
		with input.effects.reverted as true
	decision.allow == false
	decision.reasons == {"the execution reverts in simulation, so its effects cannot be known"}
}

# Execution and calls.

test_no_calls if {
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.calls as []
	reasons == {"the operation makes no call that could be decided on"}
}

test_call_to_itself if {
	listed := array.concat(parameters.targets, [{"address": me, "selectors": ["0xa9059cbb"]}])
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.targets as listed
		with input.calls as [object.union(transfer_call, {"to": me})]
	reasons == {"a call to the account itself could change who controls it"}
}

# The account's own address is refused as itself, not as a contract that could be listed.
test_call_to_itself_has_one_reason if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"to": me})]
	reasons == {"a call to the account itself could change who controls it"}
}

test_unlisted_target if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.calls as [transfer_call, object.union(transfer_call, {"to": stranger})]
	reasons == {concat("", [stranger, " is not among the contracts that may be called"])}
}

test_unlisted_function_by_name if {
	call := object.union(transfer_call, {"selector": "0x23b872dd", "function": "transferFrom(address,address,uint256)"})
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.calls as [call]
	reasons == {concat("", ["transferFrom(address,address,uint256) of ", usdc, " is not among the functions that may be called"])}
}

test_unlisted_function_by_selector if {
	call := object.union(transfer_call, {"selector": "0x12345678", "function": ""})
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.calls as [call]
	reasons == {concat("", ["function 0x12345678 of ", usdc, " is not among the functions that may be called"])}
}

# A listed name does not help a selector that is not.
test_function_name_is_not_trusted if {
	call := object.union(transfer_call, {"selector": "0x12345678"})
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.calls as [call]
	count(reasons) == 1
}

test_plain_transfer_where_only_functions_are_listed if {
	call := object.union(transfer_call, {"selector": "", "function": "", "data": "0x"})
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.calls as [call]
	reasons == {concat("", ["a plain transfer of ", usdc, " is not among the functions that may be called"])}
}

test_plain_transfer_where_it_is_listed if {
	call := {"to": friend, "value": 10000000000000000, "selector": "", "function": "", "args": [], "data": "0x"}
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.calls as [call]
		with input.bounds as bounds(10000000000000000, 0)
	reasons == set()
}

test_delegatecall_of_the_account if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.delegateCalls as [{"from": me, "to": stranger}]
	reasons == {concat("", ["delegatecall to ", stranger, " would run foreign code as the account"])}
}

# A token behind a proxy delegates in its own name, which is no concern of the account.
test_delegatecall_of_others if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.delegateCalls as [{"from": usdc, "to": stranger}]
	reasons == set()
}

# Limits, at their edges.

test_exactly_the_limit_of_one_operation if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 100000000)
	reasons == set()
}

test_one_unit_over_the_limit_of_one_operation if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 100000001)
		with input.history.day.spent as []
	reasons == {concat("", ["per-operation limit of 100 USDC exceeded: 100.000001 USDC of ", usdc])}
}

test_exactly_what_is_left_of_the_day if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 100000000)
		with input.history.day.spent as [{"asset": usdc, "amount": 50000000}]
	reasons == set()
}

test_one_unit_over_what_is_left_of_the_day if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 40000001)
		with input.history.day.spent as [{"asset": usdc, "amount": 50000000}, {"asset": usdc, "amount": 60000000}]
	reasons == {concat("", [
		"daily limit of 150 USDC exceeded: 40.000001 USDC asked, ",
		"110 USDC spent in 24 hours, 40 USDC left of ", usdc,
	])}
}

# A limit that was lowered can already be overspent; what is left is then nothing, not less.
test_overspent_day if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 1)
		with input.history.day.spent as [{"asset": usdc, "amount": 200000000}]
	reasons == {concat("", [
		"daily limit of 150 USDC exceeded: 0.000001 USDC asked, ",
		"200 USDC spent in 24 hours, 0 USDC left of ", usdc,
	])}
}

test_nothing_leaving_is_within_an_overspent_day if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(0, 0)
		with input.history.day.spent as [{"asset": usdc, "amount": 200000000}]
	reasons == set()
}

# The other windows, which are optional, each from its own history.

usdc_in_all_windows := object.union(usdc_limit, {"perHour": 60000000, "perWeek": 300000000})

spent(amount) := [{"asset": usdc, "amount": amount}]

test_exactly_what_is_left_of_every_window if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [usdc_in_all_windows, ether_limit]
		with input.history.hour.spent as spent(20000000)
		with input.history.day.spent as spent(110000000)
		with input.history.week.spent as spent(260000000)
	reasons == set()
}

test_one_unit_over_what_is_left_of_the_hour if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [usdc_in_all_windows, ether_limit]
		with input.history.hour.spent as spent(20000001)
	reasons == {concat("", [
		"hourly limit of 60 USDC exceeded: 40 USDC asked, ",
		"20.000001 USDC spent in 1 hour, 39.999999 USDC left of ", usdc,
	])}
}

test_one_unit_over_what_is_left_of_the_week if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [usdc_in_all_windows, ether_limit]
		with input.history.week.spent as spent(260000001)
	reasons == {concat("", [
		"weekly limit of 300 USDC exceeded: 40 USDC asked, ",
		"260.000001 USDC spent in 7 days, 39.999999 USDC left of ", usdc,
	])}
}

test_windows_without_limits if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.history.hour.spent as spent(900000000)
		with input.history.week.spent as spent(900000000)
	reasons == set()
}

# How many operations.

counted := object.union(parameters, {"operationsPerHour": 2, "operationsPerDay": 5, "operationsPerWeek": 9})

test_one_operation_less_than_the_limit if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as counted
		with input.history.hour.operations as 1
		with input.history.day.operations as 4
		with input.history.week.operations as 8
	reasons == set()
}

test_as_many_operations_as_the_limit if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as counted
		with input.history.hour.operations as 2
		with input.history.day.operations as 5
		with input.history.week.operations as 9
	reasons == {
		"hourly limit of 2 operations reached: 2 in 1 hour",
		"daily limit of 5 operations reached: 5 in 24 hours",
		"weekly limit of 9 operations reached: 9 in 7 days",
	}
}

test_operations_that_let_nothing_leave_do_not_count if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as counted
		with input.bounds as bounds(0, 0)
		with input.history.hour.operations as 2
	reasons == set()
}

test_the_smallest_unit_counts_as_an_operation if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as counted
		with input.bounds as bounds(0, 1)
		with input.history.hour.operations as 2
	reasons == {"hourly limit of 2 operations reached: 2 in 1 hour"}
}

# One counterparty. 40 USDC of the base operation go to a friend.

usdc_to_one := object.union(usdc_limit, {"perCounterpartyPerDay": 70000000})

ether_to_one := object.union(ether_limit, {"perCounterpartyPerDay": 70})

to_one := object.union(parameters, {"limits": [usdc_to_one, ether_to_one]})

paid(asset, payee, amount) := {"asset": asset, "counterparty": payee, "amount": amount}

test_exactly_what_is_left_to_one_counterparty if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.effects.tokens as [moved(usdc, me, friend, 40000000)]
		with input.history.day.counterparties as [
			paid(usdc, nobody, 10000000), paid(usdc, friend, 20000000), paid(usdc, router, 70000000), paid(nobody, friend, 9000000),
		]
	reasons == set()
}

test_one_unit_over_what_is_left_to_one_counterparty if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.effects.tokens as [moved(usdc, me, friend, 40000000)]
		with input.history.day.counterparties as [paid(usdc, nobody, 10000001), paid(usdc, friend, 20000000)]
	reasons == {concat("", [
		"daily limit of 70 USDC to one counterparty exceeded: 40 USDC to ", friend,
		" asked, 30.000001 USDC may have gone there in 24 hours",
	])}
}

test_payments_to_one_counterparty_add_up if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 71000000)
		with input.effects.tokens as [moved(usdc, me, friend, 40000000), moved(usdc, me, friend, 31000000), moved(usdc, friend, me, 5)]
	reasons == {concat("", [
		"daily limit of 70 USDC to one counterparty exceeded: 71 USDC to ", friend,
		" asked, 0 USDC may have gone there in 24 hours",
	])}
}

test_counterparties_have_limits_of_their_own if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 100000000)
		with input.history.day.spent as []
		with input.effects.tokens as [moved(usdc, me, friend, 40000000), moved(usdc, me, router, 60000000)]
	reasons == set()
}

# Whatever the effects do not explain counts for everybody.
test_what_does_not_show_goes_to_somebody_unknown if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 71000000)
		with input.effects.tokens as []
	reasons == {concat("", [
		"daily limit of 70 USDC to one counterparty exceeded: 71 USDC to somebody unknown",
		" asked, 0 USDC may have gone there in 24 hours",
	])}
}

test_nothing_goes_to_somebody_unknown_also_when_they_got_too_much if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 0)
		with input.effects.tokens as []
		with input.history.day.counterparties as [paid(usdc, nobody, 71000000)]
	reasons == set()
}

test_the_smallest_unit_may_go_to_somebody_unknown if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 1)
		with input.effects.tokens as []
		with input.history.day.counterparties as [paid(usdc, nobody, 70000000)]
	reasons == {concat("", [
		"daily limit of 70 USDC to one counterparty exceeded: 0.000001 USDC to somebody unknown",
		" asked, 70 USDC may have gone there in 24 hours",
	])}
}

test_what_does_not_show_adds_to_what_does if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 71000000)
		with input.effects.tokens as [moved(usdc, me, friend, 31000000)]
	reasons == {concat("", [
		"daily limit of 70 USDC to one counterparty exceeded: 71 USDC to ", friend,
		" asked, 0 USDC may have gone there in 24 hours",
	])}
}

# Back and forth: what left altogether is more than what may leave, and nothing is unseen.
test_more_that_shows_than_may_leave if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(0, 10000000)
		with input.effects.tokens as [moved(usdc, me, friend, 70000000), moved(usdc, friend, me, 60000000), moved(usdc, me, me, 90000000)]
	reasons == set()
}

test_native_currency_to_one_counterparty if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(71, 0)
		with input.effects.native as [
			{"from": me, "to": friend, "amount": 71}, {"from": me, "to": me, "amount": 71}, {"from": router, "to": router, "amount": 99},
		]
	reasons == {concat("", [
		"daily limit of 0.00000000000000007 ETH to one counterparty exceeded: 0.000000000000000071 ETH to ", friend,
		" asked, 0 ETH may have gone there in 24 hours",
	])}
}

# Where native currency went is never known.
test_native_currency_may_have_gone_to_anybody if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(1, 0)
		with input.effects.native as [{"from": me, "to": friend, "amount": 1}]
		with input.history.day.counterparties as [paid(nobody, nobody, 69), paid(usdc, nobody, 900)]
	reasons == set()
}

test_one_wei_more_to_whomever if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as to_one
		with input.bounds as bounds(1, 0)
		with input.effects.native as [{"from": me, "to": friend, "amount": 1}]
		with input.history.day.counterparties as [paid(nobody, nobody, 70)]
	reasons == {
		concat("", [
			"daily limit of 0.00000000000000007 ETH to one counterparty exceeded: 0.000000000000000001 ETH to ", friend,
			" asked, 0.00000000000000007 ETH may have gone there in 24 hours",
		]),
	}
}

# What was spent of one asset does not count against another.
test_assets_have_days_of_their_own if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.history.day.spent as [{"asset": nobody, "amount": 150000000}]
	reasons == set()
}

test_native_limit_of_one_operation if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as bounds(15000000000000000, 0)
	reasons == {"per-operation limit of 0.01 ETH exceeded: 0.015 ETH of native currency"}
}

test_amounts_of_256_bits if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [object.union(usdc_limit, {
			"decimals": 0,
			"perOperation": 115792089237316195423570985008687907853269984665640564039457584007913129639934,
			"perDay": 115792089237316195423570985008687907853269984665640564039457584007913129639935,
		})]
		with input.bounds as bounds(0, 115792089237316195423570985008687907853269984665640564039457584007913129639935)
		with input.history.day.spent as []
	reasons == {concat("", [
		"per-operation limit of 115792089237316195423570985008687907853269984665640564039457584007913129639934 USDC exceeded: ",
		"115792089237316195423570985008687907853269984665640564039457584007913129639935 USDC of ", usdc,
	])}
}

test_smallest_unit_of_the_longest_decimals if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [object.union(usdc_limit, {"decimals": 36, "perOperation": 0})]
		with input.bounds as bounds(0, 1)
		with input.history.day.spent as []
	reasons == {concat("", ["per-operation limit of 0 USDC exceeded: 0.000000000000000000000000000000000001 USDC of ", usdc])}
}

test_unlisted_asset_bound if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [bound("native", nobody, nobody, 0), bound("erc20", stranger, nobody, 1)]
	reasons == {concat("", ["nothing of ", stranger, " may leave the account: 1 would"])}
}

test_unlisted_native if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [usdc_limit]
		with input.bounds as bounds(7, 0)
	reasons == {"nothing of native currency may leave the account: 7 would"}
}

test_unlisted_asset_that_stays if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with data.parameters.limits as [usdc_limit]
	reasons == set()
}

# Everything that is no amount of native currency or of a token stays, also where the contract is listed.

test_other_kinds_stay if {
	every kind in ["erc721", "deposit", "erc1155", "operator", "something-new"] {
		reasons := agent_spending.refusals with input as base
			with data.parameters as parameters
			with input.bounds as array.concat(bounds(0, 40000000), [bound(kind, usdc, nobody, 1)])
		reasons == {concat("", ["nothing of kind ", kind, " may leave the account or be granted by it: 1 of ", usdc, " would"])}
	}
}

test_other_kinds_may_be_held_at_nothing if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as array.concat(bounds(0, 40000000), [bound("erc721", stranger, nobody, 0), bound("operator", stranger, stranger, 0)])
	reasons == set()
}

# Effects.

test_unlisted_token_leaving if {
	nft := {"token": stranger, "standard": "erc721", "from": me, "to": friend, "amount": 0}
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.effects.tokens as [nft]
	reasons == {concat("", ["erc721 token ", stranger, " leaves the account, and there is no limit for it"])}
}

test_single_tokens_of_a_listed_contract_leaving if {
	nft := object.union(moved(usdc, me, friend, 1), {"standard": "erc721", "id": 9})
	reasons := agent_spending.refusals with input as base with data.parameters as parameters with input.effects.tokens as [nft]
	reasons == {concat("", ["erc721 token ", usdc, " leaves the account, and there is no limit for it"])}
}

# What an allowance grows by is no amount that may leave.
test_other_bounds_do_not_cover_transfers if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [bound("native", nobody, nobody, 0), bound("allowance", usdc, router, 5)]
		with input.effects.tokens as [moved(usdc, me, friend, 1)]
	reasons == {concat("", ["1 of ", usdc, " leave in simulation, beyond the bound that the chain would enforce"])}
}

test_unlisted_token_arriving if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(stranger, friend, me, 5)]
	reasons == set()
}

test_transfers_within_the_bound if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [
			moved(usdc, me, friend, 30000000), moved(usdc, me, router, 30000000),
			moved(usdc, router, me, 20000000), moved(usdc, router, friend, 99000000),
		]
	reasons == set()
}

test_transfers_beyond_the_bound if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(usdc, me, friend, 30000000), moved(usdc, me, friend, 10000001), moved(stranger, friend, me, 9)]
	reasons == {concat("", ["40000001 of ", usdc, " leave in simulation, beyond the bound that the chain would enforce"])}
}

test_transfers_without_a_bound if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [bound("native", nobody, nobody, 0)]
		with input.effects.tokens as [moved(usdc, me, friend, 1)]
	reasons == {concat("", ["1 of ", usdc, " leave in simulation, beyond the bound that the chain would enforce"])}
}

test_what_comes_back_needs_no_bound if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [bound("native", nobody, nobody, 0)]
		with input.effects.tokens as [moved(usdc, me, router, 5), moved(usdc, router, me, 5)]
	reasons == set()
}

# Approvals.

test_approval_within_limits if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approved(usdc, router, 100000000)]
	reasons == set()
}

test_approval_of_an_unlisted_spender if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approved(usdc, stranger, 1)]
	reasons == {concat("", [stranger, " may not be approved to take ", usdc])}
}

test_approval_of_an_unlisted_token if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approved(stranger, router, 1)]
	reasons == {concat("", ["approval of ", stranger, ", and there is no limit for it"])}
}

test_operators_and_single_tokens_are_not_approved if {
	every kind in ["operator", "token", "permit2"] {
		approval := object.union(approved(usdc, router, 1), {"kind": kind})
		reasons := agent_spending.refusals with input as base
			with data.parameters as parameters
			with input.effects.approvals as [approval]
		reasons == {concat("", ["approval of ", usdc, ", and there is no limit for it"])}
	}
}

# The amount of an operator's approval is none.
test_operators_have_one_reason if {
	approval := object.union(approved(usdc, router, 200000000), {"kind": "operator"})
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approval]
	reasons == {concat("", ["approval of ", usdc, ", and there is no limit for it"])}
}

allowance(token, spender, most) := array.concat(bounds(0, 40000000), [bound("allowance", token, spender, most)])

test_allowance_within_limits if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(usdc, router, 100000000)
	reasons == set()
}

# What may be taken later is not spent today.
test_allowance_is_no_spending if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(usdc, router, 100000000)
		with input.history.day.spent as [{"asset": usdc, "amount": 110000000}]
	reasons == set()
}

test_allowance_over_the_limit_of_one_operation if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(usdc, router, 100000001)
	reasons == {concat("", [
		"allowance of ", router, " over ", usdc,
		" may grow by 100.000001 USDC, beyond the per-operation limit of 100 USDC",
	])}
}

test_allowance_of_an_unlisted_spender if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(usdc, stranger, 1)
	reasons == {concat("", [stranger, " may not be approved to take ", usdc])}
}

test_allowance_over_an_unlisted_token if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(stranger, router, 1)
	reasons == {concat("", ["approval of ", stranger, ", and there is no limit for it"])}
}

test_allowance_that_does_not_grow if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(stranger, stranger, 0)
	reasons == set()
}

test_unlimited_approval if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approved(usdc, router, 100000001)]
	reasons == {"approval of 100.000001 USDC exceeds the per-operation limit of 100 USDC"}
}

test_approval_withdrawn if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [approved(stranger, stranger, 0)]
	reasons == set()
}

test_approval_by_others if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [object.union(approved(stranger, stranger, 1), {"owner": router})]
	reasons == set()
}

# Gas.

test_unlisted_paymaster if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.operation.paymaster as stranger
	reasons == {concat("", ["paymaster ", stranger, " is not among those that may be used"])}
}

# Somebody else's gas is not limited.
test_listed_paymaster if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.operation.paymaster as sponsor
		with input.operation.maxCost as 9000000000000000000
	reasons == set()
}

test_fee_over_its_limit if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.operation.maxCost as 3000000000000001
	reasons == {"fee limit of 0.003 exceeded: up to 0.003000000000000001"}
}

# All reasons at once.
test_every_reason_is_given if {
	reasons := agent_spending.refusals with input as base
		with data.parameters as parameters
		with input.effects.reverted as true
		with input.operation.paymaster as stranger
		with input.bounds as bounds(0, 100000001)
	count(reasons) == 4
}
