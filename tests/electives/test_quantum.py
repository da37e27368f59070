"""Quantum computing: the simulator, Grover, Shor, keys, kernels, plateaus, and what the course ships of them."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.exercises import quantum_computing as exercise
from course_utils.quantum import (
    CNOT,
    H,
    X,
    angle_kernel,
    apply,
    chances,
    controlled_phase,
    digits_split,
    exposed,
    factors_from,
    figures,
    found_after,
    gradients,
    grover,
    kernels,
    key_sizes,
    linear_kernel,
    measure,
    peaks,
    period_from,
    period_state,
    plateaus,
    powers,
    quantum_fourier,
    rbf_kernel,
    registers,
    run_noisy,
    shipped,
    toy_key,
    tune,
    turned,
    zeros,
    zz_kernel,
    zz_states,
)
from course_utils.quantum.explorer import draw_mosca, mosca_explorer, years_at_risk
from course_utils.quantum.shor import times_where_one

rng = np.random.default_rng


# The simulator


def test_a_bell_pair_is_the_one_by_hand():
    bell = apply(CNOT, apply(H, zeros(2), 0), 0, 1)
    np.testing.assert_allclose(bell, [[np.sqrt(0.5), 0], [0, np.sqrt(0.5)]])
    bits = measure(bell, 200, rng(0))
    assert (bits[:, 0] == bits[:, 1]).all()
    assert 60 < bits[:, 0].sum() < 140


def test_the_first_qubit_of_a_gate_is_its_leftmost_digit():
    for control, other, expected in ((0, 2, (1, 0, 1)), (2, 0, (1, 0, 0))):
        state = apply(CNOT, apply(X, zeros(3), 0), control, other)
        assert state[expected] == 1


@pytest.mark.parametrize("gate", [H, X, turned(0.7), CNOT, controlled_phase(0.4)])
def test_gates_keep_the_length_and_their_adjoint_undoes_them(gate):
    state = rng(0).normal(size=(2,) * 4) + 1j * rng(1).normal(size=(2,) * 4)
    state /= np.linalg.norm(state)
    for qubits in itertools.permutations(range(4), int(np.log2(len(gate)))):
        after = apply(gate, state, *qubits)
        assert np.linalg.norm(after) == pytest.approx(1)
        np.testing.assert_allclose(apply(gate.conj().T, after, *qubits), state, atol=1e-12)


def test_a_gate_along_one_axis_is_the_large_matrix():
    state = rng(0).normal(size=(2, 2, 2))
    big = np.kron(np.kron(np.eye(2), turned(0.3)), np.eye(2))
    np.testing.assert_allclose(apply(turned(0.3), state, 1).ravel(), big @ state.ravel())


def test_the_state_that_came_in_stays():
    state = zeros(3)
    given = state.copy()
    apply(H, state, 1)
    assert np.array_equal(state, given)


@pytest.mark.parametrize(
    ("gate", "state", "qubits", "message"),
    [
        (H, np.zeros(4), (0,), "one axis of length 2"),
        (H, zeros(2), (0, 1), "For 2 qubits a gate"),
        (CNOT, zeros(2), (1, 1), "different numbers"),
        (H, zeros(2), (2,), "from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(gate, state, qubits, message):
    with pytest.raises(InputError, match=message):
        apply(gate, state, *qubits)


def test_amplitudes_that_do_not_add_up_and_too_many_qubits_are_refused():
    with pytest.raises(InputError, match="add up to 1"):
        chances(np.ones((2, 2)))
    with pytest.raises(InputError, match="n_qubits"):
        zeros(40)


def test_a_bell_pair_wins_more_than_notes_and_no_angles_win_more_than_tsirelson_allows():
    bell, best = apply(CNOT, apply(H, zeros(2), 0), 0, 1), 0.0
    angles = np.linspace(0, np.pi, 9)
    for a1, b0, b1 in itertools.product(angles, angles - np.pi / 2, angles - np.pi / 2):
        won = []
        for x, y in itertools.product((0, 1), repeat=2):
            state = apply(turned(-(b0, b1)[y]), apply(turned(-(0, a1)[x]), bell, 0), 1)
            equal = state[0, 0] ** 2 + state[1, 1] ** 2
            won.append((1 - equal if x == y == 1 else equal).real)
        best = max(best, np.mean(won))
    assert best == pytest.approx(np.cos(np.pi / 8) ** 2)


def test_gates_that_never_fail_give_the_state_and_those_that_always_fail_a_coin():
    parts = [[(H, 0)], [(CNOT, 0, 1)]]
    clean = run_noisy(parts, 2, 0.0, 1, rng(0))
    np.testing.assert_allclose(clean[0], [[0.5, 0, 0.5, 0], [0.5, 0, 0, 0.5]], atol=1e-12)
    flipped = run_noisy([[(X, 0)]], 1, 1.0, 3000, rng(0)).mean(axis=0)[0]
    np.testing.assert_allclose(flipped, [2 / 3, 1 / 3], atol=0.03)  # X and Y flip it back, Z does not
    some = run_noisy([[(X, 0)]], 1, 0.3, 3000, rng(0)).mean(axis=0)[0]
    np.testing.assert_allclose(some, [0.2, 0.8], atol=0.03)
    with pytest.raises(InputError, match="p must"):
        run_noisy(parts, 2, 1.5, 1, rng(0))


# Grover


def test_four_entries_need_one_look():
    assert found_after(4, {3}, 1)[1] == pytest.approx(1)


@pytest.mark.parametrize("n_sought", [1, 3])
def test_grover_follows_the_sine_of_its_angle(n_sought):
    angle = np.arcsin(np.sqrt(n_sought / 64))
    expected = np.sin((2 * np.arange(12) + 1) * angle) ** 2
    np.testing.assert_allclose(found_after(64, range(n_sought), 11), expected)


def test_each_half_of_a_step_keeps_the_length_and_marking_changes_no_probability():
    states = list(grover(16, {5}, 3))
    assert all((amplitudes**2).sum() == pytest.approx(1) for _, amplitudes in states)
    for (_, before), (said, after) in itertools.pairwise(states):
        assert (said == "marked") == np.allclose(before**2, after**2)


def test_a_list_that_is_no_power_of_two_is_refused():
    with pytest.raises(InputError, match="no power of 2"):
        found_after(20, {3}, 1)
    with pytest.raises(InputError, match="from 0 to 7"):
        found_after(8, {8}, 1)


# Shor


@pytest.mark.parametrize("t", [1, 2, 5])
def test_the_fourier_transform_is_numpys(t):
    state = rng(t).normal(size=(2,) * t) + 1j * rng(9).normal(size=(2,) * t)
    expected = np.fft.ifft(state.ravel(), norm="ortho")
    np.testing.assert_allclose(quantum_fourier(state, range(t)).ravel(), expected, atol=1e-12)


def test_the_fourier_transform_leaves_other_qubits_alone():
    state = rng(0).normal(size=(2,) * 5)
    found = quantum_fourier(state, [1, 2, 3])
    expected = np.fft.ifft(state.reshape(2, 8, 2), axis=1, norm="ortho")
    np.testing.assert_allclose(found.reshape(2, 8, 2), expected, atol=1e-12)


def test_the_peaks_of_a_period_that_fits_are_exact():
    found = peaks(7, 15)
    np.testing.assert_allclose(found[[0, 64, 128, 192]], 0.25)
    assert found.sum() == pytest.approx(1)


def test_the_state_has_every_x_beside_its_power():
    t, m = registers(21)
    x, power = np.nonzero(period_state(2, 21).reshape(2**t, 2**m))
    assert (x == np.arange(2**t)).all()
    assert (power == [pow(2, int(each), 21) for each in x]).all()


@pytest.mark.parametrize(("factor", "N"), [(2, 15), (10, 21)])
def test_a_multiplication_happens_only_where_its_control_is_one(factor, N):
    gate, size = times_where_one(factor, N), 2 ** registers(N)[1]
    np.testing.assert_array_equal(gate @ gate.T, np.eye(2 * size))
    moved = gate.argmax(axis=0)
    assert (moved[:size] == np.arange(size)).all()
    assert [int(each) - size for each in moved[size : size + N]] == [factor * number % N for number in range(N)]
    assert (moved[size + N :] == np.arange(size + N, 2 * size)).all()


@pytest.mark.parametrize(("a", "N", "expected"), [(7, 15, (3, 5)), (2, 21, (3, 7)), (2, 55, (5, 11)), (3, 35, (5, 7))])
def test_likely_measurements_lead_to_the_factors(a, N, expected):
    chance = peaks(a, N)
    likely = np.argsort(-chance)[:40]
    found = {factors_from(a, period_from(int(k), len(chance), N), N) for k in likely}
    assert found == {expected, None}


@pytest.mark.parametrize("N", [15, 21, 35])
def test_the_period_is_the_denominator_of_the_nearest_fraction(N):
    size = 2 ** registers(N)[0]
    for k in range(1, size, 37):
        nearest = min(range(1, N), key=lambda r: (abs(round(k * r / size) / r - k / size), r))
        assert period_from(k, size, N) == nearest


def test_a_wrong_or_odd_period_gives_no_factors():
    assert factors_from(4, 3, 21) is None  # odd
    assert factors_from(14, 2, 15) is None  # 14 is -1
    assert factors_from(7, 2, 15) is None  # not a period: 7 * 7 is 4


def test_a_that_shares_a_divisor_is_a_factor_already():
    with pytest.raises(InputError, match="divisor 5"):
        powers(10, 15, 4)


def test_our_simulator_agrees_with_aer():
    pytest.importorskip("qiskit_aer")
    from qiskit import QuantumCircuit

    from course_utils.quantum.reference import grover_circuit, run_aer, shor_circuit

    lopsided = QuantumCircuit(3)
    lopsided.x(0)
    lopsided.ry(0.3, 2)
    ours = apply(turned(0.3), apply(X, zeros(3), 0), 2)
    np.testing.assert_allclose(run_aer(lopsided), ours, atol=1e-12)
    found = np.abs(run_aer(shor_circuit(7, 15)).reshape(256, 16)) ** 2
    np.testing.assert_allclose(found.sum(axis=1), peaks(7, 15), atol=1e-12)
    np.testing.assert_allclose(chances(run_aer(grover_circuit(4, 3, 2)))[3], found_after(16, {3}, 2)[2])
    with pytest.raises(InputError, match="sought entry"):
        grover_circuit(2, 4, 1)


# Keys


def test_a_toy_key_reads_what_it_sends():
    key = toy_key(5, 11, 7)
    assert all(pow(pow(m, key.e, key.N), key.d, key.N) == m for m in range(key.N))


@pytest.mark.parametrize(
    ("p", "q", "e", "message"), [(9, 11, 7, "9 is none"), (5, 5, 3, "differ"), (5, 11, 5, "divisor")]
)
def test_what_is_no_key_is_refused(p, q, e, message):
    with pytest.raises(InputError, match=message):
        toy_key(p, q, e)


def test_keys_have_the_sizes_of_their_standards():
    pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mlkem")
    sizes = key_sizes()
    assert sizes["agree: ML-KEM-768"] == (1184, 1088)  # FIPS 203, table 3
    assert sizes["sign: ML-DSA-65"] == (1952, 3309)  # FIPS 204, table 2
    assert sizes["sign: Ed25519"] == (32, 64)
    assert sizes["agree: RSA-3072"] == (384, 384)


def test_a_record_is_exposed_if_it_is_old_and_still_secret():
    made, keep = [2026, 2026, 2031, 2026], [3, 15, 15, 9]
    assert exposed(made, keep, 2030, 2035).tolist() == [False, True, False, False]


def test_earlier_machines_and_later_migrations_expose_more():
    made, keep = rng(0).integers(2020, 2040, 300), rng(1).integers(0, 30, 300)
    by_machine = [exposed(made, keep, 2032, year).sum() for year in range(2025, 2060)]
    by_migration = [exposed(made, keep, year, 2035).sum() for year in range(2020, 2045)]
    assert by_machine == sorted(by_machine, reverse=True)
    assert by_migration == sorted(by_migration)


def test_moscas_inequality_says_when_years_are_at_risk():
    for keep, migrate, arrives in itertools.product((0, 3, 12), (0, 5), (0, 4, 10, 20)):
        lost = years_at_risk(keep, migrate, arrives)
        assert 0 <= lost <= migrate
        assert (lost > 0) == (migrate > 0 and keep + migrate > arrives)


def test_records_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="a year and a time"):
        exposed([2020, 2021], [3], 2030, 2035)
    with pytest.raises(InputError, match="keep counts years"):
        exposed([2020], [-3], 2030, 2035)
    with pytest.raises(InputError, match="keep"):
        years_at_risk(-1, 5, 10)


def test_the_explorer_follows_its_sliders():
    page = mosca_explorer()
    assert "2 of 5 years" in page.children[-1].value
    page.children[2].value = 30
    assert "0 of 5 years" in page.children[-1].value
    assert "5 of 5 years" in draw_mosca(12, 5, 10)


# Kernels


def test_the_angle_kernel_is_a_product_of_cosines_and_what_gates_give():
    a, b = rng(0).normal(size=(2, 3, 4))
    expected = np.prod(np.cos((a[:, None] - b) / 2) ** 2, axis=2)
    np.testing.assert_allclose(angle_kernel(a, b), expected)
    state = zeros(4)
    for qubit, angle in enumerate(a[0]):
        state = apply(turned(angle), state, qubit)
    np.testing.assert_allclose(kernels.angle_states(a[:1])[0], state.ravel(), atol=1e-12)


def test_the_zz_kernel_is_what_gates_give():
    a, b = np.array([[0.3, 1.2]]), np.array([[0.9, 1.0]])
    states = []
    for x, y in (a[0], b[0]):
        state, turn = zeros(2), np.exp(2j * (np.pi - x) * (np.pi - y))
        for _ in range(2):
            for qubit, number in enumerate((x, y)):
                state = apply(controlled_phase(2 * number)[2:, 2:] @ H, state, qubit)
            state = apply(np.diag([1, turn, turn, 1]), state, 0, 1)
        states.append(state.ravel())
    assert zz_kernel(a, b).item() == pytest.approx(abs(np.vdot(*states)) ** 2)


def test_the_zz_map_is_qiskits():
    library = pytest.importorskip("qiskit.circuit.library")
    from qiskit.quantum_info import Statevector

    for n in (2, 3, 4):
        x = rng(n).uniform(-2, 2, n)
        state = Statevector(library.zz_feature_map(n, reps=2).assign_parameters(x))
        theirs = np.asarray(state).reshape((2,) * n).transpose().ravel()
        assert abs(np.vdot(theirs, zz_states(x[None])[0])) == pytest.approx(1)


@pytest.mark.parametrize("kernel", [angle_kernel, zz_kernel, rbf_kernel])
def test_a_kernel_is_one_with_itself_symmetric_and_never_negative(kernel):
    x = rng(0).normal(size=(12, 3))
    gram = kernel(x, x)
    np.testing.assert_allclose(np.diag(gram), 1)
    np.testing.assert_allclose(gram, gram.T)
    assert gram.min() >= 0
    assert np.linalg.eigvalsh(gram).min() > -1e-9


def test_near_examples_are_as_alike_for_the_angle_kernel_as_for_rbf():
    a, b = 0.05 * rng(0).normal(size=(2, 5, 6))
    np.testing.assert_allclose(angle_kernel(a, b), rbf_kernel(a, b), atol=1e-4)


def test_the_rbf_and_linear_kernels_are_scikit_learns():
    from sklearn.metrics import pairwise

    a, b = rng(0).normal(size=(2, 5, 3))
    np.testing.assert_allclose(rbf_kernel(a, b), pairwise.rbf_kernel(a, b, gamma=0.25))
    np.testing.assert_allclose(linear_kernel(a, b), pairwise.linear_kernel(a, b))


def test_a_split_has_each_digit_once_and_the_scale_of_its_training_part():
    split = digits_split(4, seed=1)
    assert [len(part[1]) for part in (split.train, split.choose, split.test)] == [300, 300, 1197]
    assert len(set(split.tested)) == 1197
    assert split.train[0][:, 0].std(ddof=1) == pytest.approx(1)
    other = digits_split(8, seed=1)
    np.testing.assert_allclose(other.test[0][:, :4], split.test[0], atol=1e-8)


def test_tuning_takes_what_the_validation_part_prefers_and_never_looks_at_the_test():
    split = digits_split(4, seed=0)
    setting, right = tune(rbf_kernel, split, [(1.0, 1e-4), (1.0, 10.0)])
    assert setting == (1.0, 10.0)
    blind = kernels.Split(split.train, split.choose, (split.test[0], split.test[1] * 0 - 1), split.tested)
    assert tune(rbf_kernel, blind, [(1.0, 1e-4), (1.0, 10.0)])[0] == setting
    assert right.mean() > 0.7
    with pytest.raises(InputError, match="no settings"):
        tune(rbf_kernel, split, [])


def test_data_made_for_zz_suit_zz():
    split = kernels.made_for_zz(0)
    right = {kernel: tune(kernel, split, [(1.0, 1.0), (1.0, 10.0)])[1].mean() for kernel in (zz_kernel, rbf_kernel)}
    assert right[zz_kernel] > 0.97 > 0.9 > right[rbf_kernel]
    assert abs(split.train[1].mean() - 0.5) < 0.15


def test_a_shipped_split_is_what_is_computed_now():
    found = shipped.load_kernels()[4]["RBF"][1]
    setting, right = tune(rbf_kernel, digits_split(4, seed=1))
    assert setting == (found["scale"], found["cost"])
    assert (right == found["right"]).mean() > 0.995
    assert np.array_equal(digits_split(4, seed=1).tested, found["tested"])


def test_packed_answers_come_back():
    right = rng(0).random(1197) < 0.5
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(shipped.packed(right)), dtype=np.uint8), count=1197)
    assert np.array_equal(bits.astype(bool), right)


# Barren plateaus


def test_the_shift_rule_is_the_slope():
    n, angles = 3, rng(0).uniform(0, 6, (4, 3, 7))
    axes = rng(1).integers(3, size=angles.shape)
    up, down = angles.copy(), angles.copy()
    up[0, 0] += 1e-5
    down[0, 0] -= 1e-5
    slope = (plateaus.expected(up, axes) - plateaus.expected(down, axes)) / 2e-5
    draws = rng(5)
    drawn = draws.uniform(0, 2 * np.pi, (4, n, 7)), draws.integers(3, size=(4, n, 7))
    rule = gradients(n, 4, 7, rng(5))
    ends = [drawn[0].copy(), drawn[0].copy()]
    ends[0][0, 0] += np.pi / 2
    ends[1][0, 0] -= np.pi / 2
    np.testing.assert_allclose(rule, (plateaus.expected(ends[0], drawn[1]) - plateaus.expected(ends[1], drawn[1])) / 2)
    up, down = angles.copy(), angles.copy()
    up[0, 0] += np.pi / 2
    down[0, 0] -= np.pi / 2
    np.testing.assert_allclose((plateaus.expected(up, axes) - plateaus.expected(down, axes)) / 2, slope, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_circuit_is_the_one_of_single_gates(seed):
    angles, axes = rng(seed).uniform(0, 6, (3, 3, 1)), rng(seed + 9).integers(3, size=(3, 3, 1))
    state = zeros(3)
    for qubit in range(3):
        state = apply(turned(np.pi / 4), state, qubit)
    for layer in range(3):
        for qubit in range(3):
            state = apply(plateaus.rotations(angles[layer, qubit, 0], axes[layer, qubit, 0]), state, qubit)
        for qubit in range(2):
            state = apply(controlled_phase(np.pi), state, qubit, qubit + 1)
    p = (np.abs(state) ** 2).sum(axis=2)
    assert plateaus.expected(angles, axes)[0] == pytest.approx(p[0, 0] + p[1, 1] - p[0, 1] - p[1, 0])


def test_depth_takes_the_gradient_and_shallow_circuits_keep_it():
    deep = [gradients(n, 10 * n, 100, rng(n)).var() for n in (2, 6)]
    shallow = [gradients(n, 2, 100, rng(n)).var() for n in (2, 6)]
    assert deep[0] > 5 * deep[1]
    assert shallow[0] < 3 * shallow[1]


# Figures


@pytest.mark.parametrize(
    "draw",
    [
        figures.two_paths,
        figures.feature_maps,
        figures.shors_circuit,
        lambda: figures.timeline(12, 5, 15),
        lambda: figures.arrow_sums(6, 512, (85, 64)),
        lambda: figures.plateau(
            (2, 4), {"deep": [(0.1, 0.08, 0.12), (0.02, 0.01, 0.03)], "two": [(1, 1, 1)] * 2}, "It falls"
        ),
        lambda: figures.circuits({"one": (["0"], [[("H", 0)]]), "two": (["0"], [[], []])}, (5, 2)),
    ],
)
def test_a_drawing_has_a_title(draw):
    figure = draw()
    assert figure.axes
    assert figure.get_suptitle() or figure.axes[0].get_title() or figure.axes[0].get_title(loc="left")
    plt.close(figure)


def test_the_plateau_draws_each_variance_between_its_ends():
    rows = {"deep": [(0.1, 0.08, 0.13), (0.02, 0.01, 0.03)], "two layers": [(0.1, 0.1, 0.1), (0.1, 0.1, 0.1)]}
    figure = figures.plateau((2, 4), rows, "It falls")
    line, _, bars = figure.axes[1].containers[0]
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.02])
    np.testing.assert_allclose([bar[:, 1] for bar in bars[0].get_segments()], [[0.08, 0.13], [0.01, 0.03]])
    plt.close(figure)


def test_a_circuit_refuses_a_qubit_that_is_not_there():
    figure, ax = plt.subplots()
    with pytest.raises(InputError, match="gate X other ones"):
        figures.draw_circuit(ax, ["0", "0"], [[("X", 1, "if", 2)]])
    plt.close(figure)


def test_a_hollow_dot_is_a_ring_and_the_others_are_full():
    figure, ax = plt.subplots()
    figures.log_dots(ax, {"a": 1e3, "b": 1e4}, ["#0072B2", "#D55E00"], "qubits", hollow={"b"})
    full, ring = ax.collections[0].get_facecolors(), ax.collections[0].get_edgecolors()
    plt.close(figure)
    assert (full[0] == ring[0]).all()
    assert full[1].tolist() == [1, 1, 1, 1]
    assert ring[1, 0] > ring[1, 2]


def test_grovers_pictures_say_what_happened():
    frames = figures.grover_frames(8, 2, 1)
    assert len(frames) == 3
    assert "0.35" in frames[0][1]
    assert "0.88" in frames[2][1]
    for figure, _ in frames:
        plt.close(figure)


def test_the_number_of_the_exercise_is_grovers():
    assert exercise.too_many.check(25)
    assert not exercise.too_many.check(24)


def test_the_exercise_on_shifts_takes_any_exact_rule_that_noise_leaves_standing():
    def rule(by):
        return lambda f, angle: (f(angle + by) - f(angle - by)) / (2 * np.sin(by))

    assert exercise.shift_gradient.check(rule(np.pi / 2))
    assert exercise.shift_gradient.check(rule(1.0))
    assert "larger shifts" in str(exercise.shift_gradient.check(rule(0.01)))
