// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";
import {Digests} from "writ/libraries/Digests.sol";
import {Flags} from "writ/libraries/Flags.sol";
import {SettingsState} from "writ/libraries/Settings.sol";

/// @dev The one cheatcode that is needed.
interface Clock {
    function warp(uint256 timestamp) external;
}

/// @title Leaving and weakening, for all times, delays and states: `make symbolic`
contract SettingsChecks {
    Clock private constant CLOCK = Clock(address(uint160(uint256(keccak256("hevm cheat code")))));

    SettingsState private state;

    /// @notice An announced exit comes when its delay has passed, not a second before, and nothing but time is needed for it.
    function check_anExitComesAfterItsDelay(
        uint40 announced,
        uint32 delay,
        uint40 later,
        uint16 flags
    ) external {
        if (announced == 0 || later < announced) return;
        _begin(delay, flags);
        CLOCK.warp(announced);
        state.announceExit(address(this));
        assert(state.exitAt == uint256(announced) + delay);
        CLOCK.warp(later);
        assert(state.exited(state.head()) == (later >= uint256(announced) + delay));
        _consistent();
    }

    /// @notice It is announced once: a second announcement moves nothing.
    function check_anExitIsAnnouncedOnce(uint40 announced, uint40 later, uint16 flags) external {
        if (announced == 0 || later < announced) return;
        _begin(1 days, flags);
        CLOCK.warp(announced);
        this.announce();
        uint48 exitAt = state.exitAt;
        CLOCK.warp(later);
        (bool success,) = address(this).call(abi.encodeCall(this.announce, ()));
        assert(!success && state.exitAt == exitAt);
    }

    /// @notice Withdrawn, at whatever time, it does not come; and what was not announced cannot be withdrawn.
    function check_aWithdrawnExitDoesNotCome(
        uint40 announced,
        uint40 withdrawn,
        uint40 later,
        uint16 flags
    ) external {
        if (announced == 0 || withdrawn < announced || later < withdrawn) return;
        _begin(1 days, flags);
        (bool success,) = address(this).call(abi.encodeCall(this.cancel, ()));
        assert(!success);
        CLOCK.warp(announced);
        this.announce();
        CLOCK.warp(withdrawn);
        this.cancel();
        CLOCK.warp(later);
        assert(!state.exited(state.head()));
        _consistent();
    }

    /// @notice A configuration that begins enforcement ends an announcement; any other one leaves it; all end what is scheduled,
    /// and count the revision up by one, so that nothing attested before counts.
    function check_aChangeOfConfiguration(
        uint8 mode,
        uint8 nextMode,
        uint48 exitAt,
        bytes32 pending,
        uint48 readyAt,
        uint56 revision,
        uint16 flags,
        uint8 threshold
    ) external {
        if (mode > 2 || nextMode > 2 || revision == type(uint56).max) return;
        address record = _begin(1 days, flags);
        state.mode = Mode(mode);
        state.exitAt = exitAt;
        if (exitAt != 0) state.flags |= uint16(Flags.EXIT_ANNOUNCED);
        (state.pendingConfiguration, state.pendingReadyAt) = (pending, pending == 0 ? 0 : readyAt);
        state.revision = revision;
        Configuration memory next;
        (next.mode, next.threshold) = (Mode(nextMode), threshold);
        uint64 now_ = state.adopt(address(this), next, record);
        assert(now_ == uint256(revision) + 1 && state.revision == now_);
        assert(state.pendingConfiguration == 0 && state.pendingReadyAt == 0);
        bool begins = next.mode == Mode.Enforce && mode != uint8(Mode.Enforce);
        assert(state.exitAt == (begins ? 0 : exitAt));
        assert(state.mode == next.mode && state.threshold == next.threshold);
        assert(state.flags & Flags.INSTALLED == flags & Flags.INSTALLED);
        assert(state.flags & Flags.HOOK == flags & Flags.HOOK);
        _consistent();
    }

    /// @notice What is scheduled is taken once, as it was scheduled, when it is ready and not before.
    function check_aScheduledConfigurationIsTakenOnce(
        Configuration memory scheduled,
        Configuration memory taken,
        uint48 readyAt,
        uint48 at
    ) external {
        state.pendingConfiguration = Digests.configurationHash(scheduled);
        state.pendingReadyAt = readyAt;
        CLOCK.warp(at);
        bytes memory input = abi.encodeCall(this.take, (taken));
        (bool success,) = address(this).call(input);
        bool same = Digests.configurationHash(taken) == Digests.configurationHash(scheduled);
        assert(success == (same && at >= readyAt));
        if (!success) return;
        assert(state.pendingConfiguration == 0 && state.pendingReadyAt == 0);
        (success,) = address(this).call(input);
        assert(!success);
    }

    function announce() external {
        state.announceExit(address(this));
    }

    function cancel() external {
        state.cancelExit(address(this));
    }

    function take(Configuration memory scheduled) external {
        state.takePending(scheduled);
    }

    /// @dev A state with this delay in force, nothing under way, and any other flags.
    function _begin(uint32 delay, uint16 flags) private returns (address record) {
        Configuration memory current;
        current.exitDelay = delay;
        // With a set of one operator behind it.
        record = SSTORE2.write(bytes.concat(abi.encode(current), hex"00", bytes20(address(1))));
        state.record = record;
        state.flags = flags & ~uint16(Flags.EXIT_ANNOUNCED);
    }

    /// @dev Validation looks at the flag, execution at both: they never disagree.
    function _consistent() private view {
        assert((state.flags & Flags.EXIT_ANNOUNCED != 0) == (state.exitAt != 0));
    }
}
