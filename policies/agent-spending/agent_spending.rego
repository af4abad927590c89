# What an agent may spend: which assets, how much in one operation and in an hour, a day and a week, to
# one counterparty in a day, through which functions of which contracts.
#
# Amounts are decided on input.bounds, which the chain enforces, and on input.history, which is
# what has already left. Everything that could move value without showing there is refused.
package writ.agent_spending

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

nobody := "0x0000000000000000000000000000000000000000"

account := input.account.address

limit_of := {entry.asset: entry | some entry in data.parameters.limits}

target_of := {entry.address: entry | some entry in data.parameters.targets}

# What has limits: amounts that leave. Of everything else nothing may leave, or be granted, but allowances to spenders.
spending := [bound | some bound in input.bounds; bound.kind in {"native", "erc20"}]

allowances := [bound | some bound in input.bounds; bound.kind == "allowance"]

windows := [
	{"name": "hourly", "span": "1 hour", "limit": "perHour", "operations": "operationsPerHour", "history": input.history.hour},
	{"name": "daily", "span": "24 hours", "limit": "perDay", "operations": "operationsPerDay", "history": input.history.day},
	{"name": "weekly", "span": "7 days", "limit": "perWeek", "operations": "operationsPerWeek", "history": input.history.week},
]

# What the operation does.

executes if input.effects.reverted == false

refusals contains "the execution reverts in simulation, so its effects cannot be known" if not executes

refusals contains "the operation makes no call that could be decided on" if count(input.calls) == 0

refusals contains "a call to the account itself could change who controls it" if {
	some call in input.calls
	call.to == account
}

refusals contains reason if {
	some call in input.calls
	call.to != account
	not target_of[call.to]
	reason := concat("", [call.to, " is not among the contracts that may be called"])
}

refusals contains reason if {
	some call in input.calls
	target := target_of[call.to]
	not call.selector in target.selectors
	reason := concat("", [name_of(call), " of ", call.to, " is not among the functions that may be called"])
}

refusals contains reason if {
	some delegated in input.effects.delegateCalls
	delegated.from == account
	reason := concat("", ["delegatecall to ", delegated.to, " would run foreign code as the account"])
}

# What leaves the account.

refusals contains reason if {
	some bound in input.bounds
	bound.maxOut > 0
	not bound.kind in {"native", "erc20", "allowance"}
	reason := concat("", [
		"nothing of kind ", bound.kind, " may leave the account or be granted by it: ",
		format_int(bound.maxOut, 10), " of ", bound.asset, " would",
	])
}

refusals contains reason if {
	some bound in spending
	bound.maxOut > 0
	not limit_of[bound.asset]
	reason := concat("", ["nothing of ", asset_name(bound.asset), " may leave the account: ", format_int(bound.maxOut, 10), " would"])
}

refusals contains reason if {
	some bound in spending
	limit := limit_of[bound.asset]
	bound.maxOut > limit.perOperation
	reason := concat("", [
		"per-operation limit of ", units(limit.perOperation, limit), " exceeded: ",
		units(bound.maxOut, limit), " of ", asset_name(bound.asset),
	])
}

# A limit that the parameters do not have is none.
refusals contains reason if {
	some window in windows
	some bound in spending
	bound.maxOut > 0
	limit := limit_of[bound.asset]
	most := limit[window.limit]
	spent := spent_in(window.history, bound.asset)
	spent + bound.maxOut > most
	reason := concat("", [
		window.name, " limit of ", units(most, limit), " exceeded: ",
		units(bound.maxOut, limit), " asked, ", units(spent, limit), " spent in ", window.span, ", ",
		units(max([0, most - spent]), limit), " left of ", asset_name(bound.asset),
	])
}

refusals contains reason if {
	some window in windows
	some bound in spending
	bound.maxOut > 0
	most := data.parameters[window.operations]
	window.history.operations >= most
	reason := concat("", [
		window.name, " limit of ", format_int(most, 10), " operations reached: ",
		format_int(window.history.operations, 10), " in ", window.span,
	])
}

# What went to somebody unknown may have gone to this one.
refusals contains reason if {
	some payment in payments
	limit := limit_of[payment.asset]
	most := limit.perCounterpartyPerDay
	paid := paid_today(payment.asset, payment.to)
	now := (pays(payment.asset, payment.to) + unseen(payment.asset))
	paid + now > most
	reason := concat("", [
		"daily limit of ", units(most, limit), " to one counterparty exceeded: ", units(now, limit),
		" to ", payee_name(payment.to), " asked, ", units(paid, limit), " may have gone there in 24 hours",
	])
}

refusals contains reason if {
	some transfer in input.effects.tokens
	transfer.from == account
	not has_limit(transfer)
	reason := concat("", [transfer.standard, " token ", transfer.token, " leaves the account, and there is no limit for it"])
}

# A listed token that leaves without a bound would leave without a limit on the chain.
refusals contains reason if {
	some transfer in input.effects.tokens
	transfer.from == account
	net_out := sent(transfer.token) - returned(transfer.token)
	not is_bounded(transfer.token, net_out)
	reason := concat("", [format_int(net_out, 10), " of ", transfer.token, " leave in simulation, beyond the bound that the chain would enforce"])
}

# What others could take later. The chain holds what an allowance grows by to its bound.

refusals contains reason if {
	some bound in allowances
	bound.maxOut > 0
	not bound.spender in data.parameters.spenders
	reason := concat("", [bound.spender, " may not be approved to take ", bound.asset])
}

refusals contains reason if {
	some bound in allowances
	bound.maxOut > 0
	not limit_of[bound.asset]
	reason := concat("", ["approval of ", bound.asset, ", and there is no limit for it"])
}

refusals contains reason if {
	some bound in allowances
	limit := limit_of[bound.asset]
	bound.maxOut > limit.perOperation
	reason := concat("", [
		"allowance of ", bound.spender, " over ", bound.asset, " may grow by ", units(bound.maxOut, limit),
		", beyond the per-operation limit of ", units(limit.perOperation, limit),
	])
}

refusals contains reason if {
	some approval in granted
	not approval.spender in data.parameters.spenders
	reason := concat("", [approval.spender, " may not be approved to take ", approval.token])
}

refusals contains reason if {
	some approval in granted
	not is_limited(approval)
	reason := concat("", ["approval of ", approval.token, ", and there is no limit for it"])
}

refusals contains reason if {
	some approval in granted
	approval.kind == "allowance"
	limit := limit_of[approval.token]
	approval.amount > limit.perOperation
	reason := concat("", [
		"approval of ", units(approval.amount, limit), " exceeds the per-operation limit of ",
		units(limit.perOperation, limit),
	])
}

# Who pays for gas.

refusals contains reason if {
	input.operation.paymaster != nobody
	not input.operation.paymaster in data.parameters.paymasters
	reason := concat("", ["paymaster ", input.operation.paymaster, " is not among those that may be used"])
}

refusals contains reason if {
	input.operation.paymaster == nobody
	input.operation.maxCost > data.parameters.feePerOperation
	reason := concat("", [
		"fee limit of ", ether(data.parameters.feePerOperation), " exceeded: up to ",
		ether(input.operation.maxCost),
	])
}

granted contains approval if {
	some approval in input.effects.approvals
	approval.owner == account
	approval.amount > 0
}

spent_in(window, asset) := sum([entry.amount | some entry in window.spent; entry.asset == asset])

# Who gets something now: by the effects, and the zero address for what does not show there.
payments contains {"asset": outgoing.asset, "to": outgoing.to} if some outgoing in transfers

payments contains {"asset": bound.asset, "to": nobody} if {
	some bound in spending
	bound.maxOut > 0
}

transfers := array.concat(
	[{"asset": entry.token, "to": entry.to, "amount": entry.amount} |
		some entry in input.effects.tokens
		entry.standard == "erc20"
		entry.from == account
		entry.to != account
	],
	[{"asset": nobody, "to": entry.to, "amount": entry.amount} |
		some entry in input.effects.native
		entry.from == account
		entry.to != account
	],
)

pays(asset, payee) := sum([entry.amount | some entry in transfers; entry.asset == asset; entry.to == payee])

# What may leave and is not among the effects.
unseen(asset) := max([0, most_out(asset) - sum([entry.amount | some entry in transfers; entry.asset == asset])])

most_out(asset) := sum([bound.maxOut | some bound in spending; bound.asset == asset])

paid_today(asset, payee) := sum([entry.amount |
	some entry in input.history.day.counterparties
	entry.asset == asset
	entry.counterparty in {payee, nobody}
])

sent(token) := sum([entry.amount | some entry in input.effects.tokens; entry.token == token; entry.from == account])

returned(token) := sum([entry.amount | some entry in input.effects.tokens; entry.token == token; entry.to == account])

# Amounts have limits, single tokens and whole collections have none.
has_limit(transfer) if {
	transfer.standard == "erc20"
	limit_of[transfer.token]
}

is_limited(approval) if {
	approval.kind == "allowance"
	limit_of[approval.token]
}

is_bounded(_, net_out) if net_out <= 0

is_bounded(token, net_out) if {
	some entry in spending
	entry.asset == token
	entry.maxOut >= net_out
}

# Words and amounts for people.

asset_name(asset) := "native currency" if asset == nobody

asset_name(asset) := asset if asset != nobody

payee_name(payee) := "somebody unknown" if payee == nobody

payee_name(payee) := payee if payee != nobody

name_of(call) := call.function if call.function != ""

name_of(call) := concat(" ", ["function", call.selector]) if {
	call.function == ""
	call.selector != ""
}

name_of(call) := "a plain transfer" if call.selector == ""

units(amount, limit) := concat(" ", [decimal(format_int(amount, 10), limit.decimals), limit.symbol])

ether(amount) := decimal(format_int(amount, 10), 18)

# As many as the schema allows decimals.
zeros := "000000000000000000000000000000000000"

# "1500000" with 6 decimals is "1.5".
decimal(digits, decimals) := joined(whole, trim_right(fraction, "0")) if {
	missing := max([0, (decimals + 1) - count(digits)])
	padded := concat("", [substring(zeros, 0, missing), digits])
	point := count(padded) - decimals
	whole := substring(padded, 0, point)
	fraction := substring(padded, point, decimals)
}

joined(whole, fraction) := whole if fraction == ""

joined(whole, fraction) := concat(".", [whole, fraction]) if fraction != ""
