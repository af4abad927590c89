// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {WritVerifier} from "writ/WritVerifier.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";
import {Attested} from "writ/libraries/Attested.sol";
import {Digests} from "writ/libraries/Digests.sol";
import {Domain} from "writ/libraries/Domain.sol";
import {Head} from "writ/libraries/Head.sol";
import {OperationAction} from "writ/libraries/OperationAction.sol";
import {OperatorSets} from "writ/libraries/OperatorSets.sol";
import {Records} from "writ/libraries/Records.sol";
import {Suffix} from "writ/libraries/Suffix.sol";

/// @notice An `Attested` as the struct that it is.
struct Decoded {
    bytes32 typeHash;
    bytes32 action;
    bytes32 policy;
    bytes32 evidence;
    bytes32 bounds;
    uint64 revision;
    uint64 epoch;
    uint64 sequence;
    uint8 level;
    uint64 blockNumber;
    bytes32 blockHash;
    uint48 validAfter;
    uint48 validUntil;
    uint128 maxCost;
}

/// @notice The module's own code for suffixes and digests, opened up for vectors whose account exists nowhere.
contract VectorHarness is WritVerifier {
    function configure(address who, Configuration calldata c, uint64 revision)
        external
        returns (address record)
    {
        Account storage account = accounts[who];
        record = Records.write(c);
        account.settings.record = record;
        account.settings.operators = uint8(OperatorSets.count(OperatorSets.read(c.operatorSet)));
        account.settings.threshold = c.threshold;
        account.settings.mode = c.mode;
        account.settings.revision = uint56(revision);
    }

    function split(bytes calldata signature)
        external
        pure
        returns (bool attached, bytes memory owner, bytes memory body)
    {
        return Suffix.split(signature);
    }

    function decode(bytes calldata body)
        external
        pure
        returns (Decoded memory decoded, bytes memory bounds, bytes memory signatures)
    {
        Attested attested;
        (attested, bounds, signatures) = Suffix.decode(body);
        // The four that do not travel are not written yet.
        attested.hash(0, 0, 0);
        assembly {
            decoded := attested
        }
    }

    function verify(address who, bytes32 action, bytes calldata body) external view returns (bool) {
        Account storage account = accounts[who];
        (Attested attested, bytes calldata bounds, bytes calldata signatures) = Suffix.decode(body);
        Head head = account.settings.head();
        return _verify(head, _record(head), attested, action, bounds, signatures);
    }

    function requiredPrefund(PackedUserOperation calldata op) external pure returns (uint256) {
        (uint256 prefund,) = OperationAction.payment(op, false);
        return prefund;
    }

    function separator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function digest(bytes32 structHash) external view returns (bytes32) {
        return Domain.digest(structHash);
    }

    function configurationAction(address account, bytes32 from, bytes32 to, uint256 nonce)
        external
        pure
        returns (bytes32)
    {
        return Digests.configurationAction(account, from, to, nonce);
    }

    function operationTypeHash() external pure returns (bytes32) {
        return Digests.USER_OPERATION_ACTION_TYPEHASH;
    }

    function creationCode(address[] calldata operators) external pure returns (bytes memory) {
        return OperatorSets.creationCode(operators);
    }
}
