package writ.jurisdiction_and_age_test

import data.writ.jurisdiction_and_age
import rego.v1

parameters := {"countries": ["FR", "DE"], "validFor": 60}

person(adult, country) := {
	"status": "verified", "kind": "sd-jwt-vc", "issuer": "https://issuer.invalid",
	"value": {"adult": adult, "country": country}, "issuedAt": 1, "validUntil": 99, "proof": "0x00",
}

decided(fact) := decision if {
	decision := jurisdiction_and_age.decision with input as {"facts": {"person": fact}}
		with data.parameters as parameters
}

refused(reason) := {"allow": false, "reasons": {reason}, "validFor": 60}

test_an_adult_of_a_served_country if {
	every country in ["FR", "DE"] {
		decided(person(true, country)) == {"allow": true, "reasons": set(), "validFor": 60}
	}
}

test_a_minor if decided(person(false, "FR")) == refused("the credential does not say that its holder is an adult")

test_another_country if {
	decided(person(true, "US")) == refused("the holder of the credential does not live in a country that is served")
}

test_both_are_said if count(decided(person(false, "US")).reasons) == 2

test_no_credential if {
	every status in ["missing", "expired", "revoked", "other-subject"] {
		expected := refused(concat("", ["the credential of the person behind the account is ", status]))
		decided({"status": status, "detail": ""}) == expected
	}
}

test_a_fact_that_nobody_asked_for_is_missing if {
	every document in [{"facts": {}}, {}] {
		decision := jurisdiction_and_age.decision with input as document
			with data.parameters as parameters
		decision == refused("the credential of the person behind the account is missing")
	}
}

test_what_is_not_verified_says_nothing if {
	decided(object.union(person(true, "FR"), {"status": "revoked"})).allow == false
}
