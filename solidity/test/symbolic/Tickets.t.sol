// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "writ/libraries/Bounds.sol";
import {Ticket, Tickets} from "writ/libraries/Tickets.sol";

/// @title The life of a ticket, for all names, accounts, nonce keys and bounds: `make symbolic`
/// @custom:halmos --array-lengths bounds={37,74},others={111}
/// @dev Every check is one transaction. That the next one finds nothing is what transient storage is, and is held by
/// `TicketsSuite.test_neverOutlivesItsTransaction` and `InvariantsTest`.
contract TicketsChecks {
    /// @notice Nothing is spent that was not minted, whatever it is called.
    function check_nothingIsSpentUnminted(address account, bytes32 name, bool enforced) external {
        (bool live,,) = Tickets.spend(account, name, enforced);
        assert(!live);
    }

    /// @notice A ticket is spent by its own account under its own name, and by nothing else.
    function check_aTicketServesOneNameOfOneAccount(
        address account,
        bytes32 name,
        uint256 nonceKey,
        address other,
        bytes32 otherName,
        bytes calldata bounds
    ) external {
        assert(_mint(account, name, nonceKey, 1, 0, bounds));
        (bool live,,) = Tickets.spend(other, otherName, true);
        assert(live == (other == account && otherName == name));
    }

    /// @notice Spent, a ticket is neither spent nor minted again in the transaction, under whatever nonce key.
    function check_aTicketIsSpentOnce(
        address account,
        bytes32 name,
        uint256 nonceKey,
        uint256 otherKey,
        bool enforced,
        bytes calldata bounds
    ) external {
        assert(_mint(account, name, nonceKey, 1, 0, bounds));
        (bool live, Ticket ticket,) = Tickets.spend(account, name, enforced);
        assert(live && ticket.enforced() == enforced);
        (live,,) = Tickets.spend(account, name, enforced);
        assert(!live);
        assert(!_mint(account, name, otherKey, 2, 3, bounds));
        (live,,) = Tickets.spend(account, name, !enforced);
        assert(!live);
    }

    /// @notice While a nonce key has a live ticket it gets no second one; once that is spent, it does.
    /// @dev The two calls have the key in common: halmos cannot follow the slot that a slot names through a case distinction.
    function check_oneLiveTicketPerNonceKey(
        address account,
        bytes32 first,
        bytes32 second,
        uint256 nonceKey,
        bool spendFirst,
        bytes calldata bounds
    ) external {
        if (first == second) return;
        assert(_mint(account, first, nonceKey, 1, 0, bounds));
        if (spendFirst) Tickets.spend(account, first, true);
        assert(_mint(account, second, nonceKey, 1, 0, bounds) == spendFirst);
    }

    /// @notice Under two nonce keys two operations are validated together, unless they have one name.
    function check_nonceKeysDoNotMeet(
        address account,
        bytes32 first,
        bytes32 second,
        uint256 firstKey,
        uint256 secondKey,
        bytes calldata bounds
    ) external {
        if (firstKey == secondKey) return;
        assert(_mint(account, first, firstKey, 1, 0, bounds));
        assert(_mint(account, second, secondKey, 1, 0, bounds) == (first != second));
    }

    /// @notice What one account does with its tickets changes nothing of another's.
    function check_accountsDoNotMeet(
        address account,
        address other,
        bytes32 name,
        bytes32 otherName,
        uint256 nonceKey,
        uint256 otherKey,
        bool spendOther,
        bytes calldata bounds
    ) external {
        if (account == other) return;
        assert(_mint(other, otherName, otherKey, 1, 0, bounds));
        if (spendOther) Tickets.spend(other, otherName, true);
        assert(_mint(account, name, nonceKey, 1, 0, bounds));
        (bool live,,) = Tickets.spend(account, name, true);
        assert(live);
        (live,,) = Tickets.spend(other, otherName, true);
        assert(live == !spendOther);
    }

    /// @notice What is spent is what was minted, to the last byte of the tokens' bounds, also after another was minted.
    function check_whatIsSpentIsWhatWasMinted(
        address account,
        bytes32 name,
        bytes32 otherName,
        uint256 nonceKey,
        uint256 otherKey,
        uint56 revision,
        uint56 sequence,
        bytes calldata bounds,
        bytes calldata others
    ) external {
        if (name == otherName || nonceKey == otherKey) return;
        assert(_mint(account, name, nonceKey, revision, sequence, bounds));
        assert(_mint(account, otherName, otherKey, 1, 0, others));
        (bool live, Ticket ticket, uint256 slot) = Tickets.spend(account, name, true);
        assert(live);
        assert(ticket.revision() == revision);
        assert(ticket.sequence() == sequence);
        assert(ticket.size() == bounds.length / Bounds.SIZE);
        assert(ticket.maxNative() == uint128(bytes16(bounds[21:37])));
        bytes memory tokens = new bytes((bounds.length - 37 + 31) / 32 * 32);
        uint256 at;
        assembly ("memory-safe") {
            at := add(tokens, 32)
        }
        Tickets.loadBounds(slot, at, tokens.length / 32);
        for (uint256 i = 37; i < bounds.length; ++i) {
            assert(tokens[i - 37] == bounds[i]);
        }
    }

    /// @notice Four steps in any order, each under a nonce key of its own, by any of two names: a name is minted once, and
    /// spent once, after that.
    /// @custom:halmos --array-lengths bounds=37
    function check_anyFourSteps(
        address account,
        bytes32[2] calldata names,
        bool[4] calldata minting,
        bool[4] calldata which,
        bytes calldata bounds
    ) external {
        if (names[0] == names[1]) return;
        bool[2] memory minted;
        bool[2] memory spent;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 n = which[i] ? 1 : 0;
            if (minting[i]) {
                assert(_mint(account, names[n], i, 1, 0, bounds) == !minted[n]);
                minted[n] = true;
            } else {
                (bool live,,) = Tickets.spend(account, names[n], true);
                assert(live == (minted[n] && !spent[n]));
                spent[n] = minted[n];
            }
        }
    }

    /// @dev With as many bounds of 37 bytes as the list is long for.
    function _mint(
        address account,
        bytes32 name,
        uint256 nonceKey,
        uint256 revision,
        uint256 sequence,
        bytes calldata bounds
    ) private returns (bool minted) {
        uint256 size = bounds.length / Bounds.SIZE;
        (minted,) = Tickets.mint(account, name, nonceKey, revision, sequence, size, bounds);
    }
}
