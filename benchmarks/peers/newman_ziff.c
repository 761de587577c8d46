/* The algorithm of Newman and Ziff in C: sites of a square lattice on a torus, added in random order. Sums of the
   largest cluster, of its square, and of the squares of all clusters at every number of sites. No winding. */

#include <stdint.h>

static uint64_t rotated(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t state[4];

static uint64_t word(void) { /* xoshiro256** */
    uint64_t found = rotated(state[1] * 5, 7) * 9, shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    return found;
}

static int32_t root(int32_t *parent, int32_t i) {
    while (parent[i] >= 0) {
        int32_t above = parent[i];
        if (parent[above] < 0) return above;
        parent[i] = parent[above];
        i = parent[above];
    }
    return i;
}

void grow(int32_t side, uint64_t seed, int32_t *order, int32_t *parent, int64_t *sums) {
    const int32_t empty = INT32_MIN, n = side * side;
    static const int32_t across[4] = {-1, 0, 0, 1}, down[4] = {0, -1, 1, 0};
    for (int k = 0; k < 4; k++) { /* splitmix64 */
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        state[k] = z ^ (z >> 31);
    }
    for (int32_t k = 0; k < n; k++) {
        order[k] = k;
        parent[k] = empty;
    }
    int64_t largest = 1, squares = 0;
    for (int32_t k = 0; k < n; k++) {
        int32_t swap = k + (int32_t)((double)(word() >> 11) * 0x1p-53 * (n - k)), site = order[swap];
        order[swap] = order[k];
        order[k] = site;
        parent[site] = -1;
        squares += 1;
        int32_t row = site / side, column = site - row * side;
        for (int z = 0; z < 4; z++) {
            int32_t u = column + across[z], v = row + down[z];
            if (u < 0) u += side;
            else if (u >= side) u -= side;
            if (v < 0) v += side;
            else if (v >= side) v -= side;
            int32_t other = v * side + u;
            if (parent[other] == empty) continue;
            int32_t a = root(parent, site), b = root(parent, other);
            if (a != b) {
                if (parent[a] > parent[b]) {
                    int32_t c = a;
                    a = b;
                    b = c;
                }
                squares += 2 * (int64_t)parent[a] * parent[b];
                parent[a] += parent[b];
                parent[b] = a;
            }
            if (-parent[a] > largest) largest = -parent[a];
        }
        sums[k + 1] += largest;
        sums[n + 1 + k + 1] += largest * largest;
        sums[2 * (n + 1) + k + 1] += squares;
    }
}
