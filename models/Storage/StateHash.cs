using System.Runtime.Intrinsics;
using ActorTrain.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>A fast 64-bit hash of the state of a training run, by which a copy is checked: the same on every machine, no protection against
/// malice.</summary>
/// <remarks>Sixteen running sums of 32-bit halves multiplied, each word also added crosswise so that no factor of zero hides it, as in
/// XXH3 (Collet 2020); mixed after every block of 64 KiB, so that blocks cannot change places. It runs at the speed of memory.</remarks>
public static unsafe class StateHash
{
    private const int Lanes = 8;
    private const int Stripe = 2 * Lanes * sizeof(ulong);
    private const int Block = 1 << 16;
    private const ulong Prime = 0x9E3779B97F4A7C15, Mixer = 0xD6E8FEB86659FD93;
    private static readonly Vector512<ulong> LowKeys = Vector512.Create(
        0xB8FE6C3923A44BBEUL, 0x7C01812CF721AD1C, 0xDED46DE9839097DB, 0x7240A4A4B7B3671F, 0xCB79E64ECCC0E578, 0x825AD07DCCFF7221, 0xB8084674F743248E, 0xE03590E6813A264C);

    private static readonly Vector512<ulong> HighKeys = Vector512.Create(
        0x3C2852BB91C300CBUL, 0x88D0658B1B532EA3, 0x71644897A20DF94E, 0x3819EF46A9DEACD8, 0xA8FA763FE39C343F, 0xF9DCBBC7C70B4F1D, 0x8A51E04BCDB45931, 0xC89F7EC9D9787364);

    /// <summary>Hash of weights and both moments, in host memory.</summary>
    public static ulong Of(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(firstMoment);
        ArgumentNullException.ThrowIfNull(secondMoment);
        var hash = Of(Of(Of(0, weights.Address, weights.Length), firstMoment.Address, firstMoment.Length), secondMoment.Address, secondMoment.Length);
        GC.KeepAlive(weights);
        GC.KeepAlive(firstMoment);
        GC.KeepAlive(secondMoment);
        return hash;
    }

    /// <summary>Hash of weights and both moments, contiguous float32, on any device: that of the bytes they have in host memory.</summary>
    public static ulong Of(Tensor weights, Tensor firstMoment, Tensor secondMoment) => Of(Of(Of(0, weights), firstMoment), secondMoment);

    /// <summary>Hash of one vector, contiguous float32, on any device.</summary>
    public static ulong Of(Tensor flat) => Of(0, flat);

    /// <summary>Hash of some bytes that follow others.</summary>
    /// <param name="seed">Hash of what came before; 0 at the beginning.</param>
    /// <param name="address">The first byte.</param>
    /// <param name="length">How many.</param>
    public static ulong Of(ulong seed, nint address, long length)
    {
        var running = new Running(seed);
        running.Append(address, length);
        return running.End();
    }

    private static ulong Of(ulong seed, Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        using var host = flat.cpu();
        var hash = Of(seed, host.Address(), host.numel() * sizeof(float));
        GC.KeepAlive(host);
        return hash;
    }

    /// <summary>The hash of bytes that come in parts; each but the last is a multiple of 64 KiB long.</summary>
    /// <param name="seed">Hash of what came before; 0 at the beginning.</param>
    public struct Running(ulong seed)
    {
        private Vector512<ulong> low = Vector512.Create(seed) ^ LowKeys, high = Vector512.Create(seed) ^ HighKeys;
        private long total;

        /// <summary>Takes the next part.</summary>
        /// <param name="address">Its first byte.</param>
        /// <param name="length">How many.</param>
        public void Append(nint address, long length)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            if (total % Block != 0)
                throw new InvalidOperationException($"No data can follow after {total} bytes: the length is not a multiple of {Block}.");
            var bytes = (byte*)address;
            var (sums, others) = (low, high);
            var whole = length - length % Stripe;
            for (long block = 0; block < whole; block += Block)
            {
                var end = Math.Min(block + Block, whole);
                for (var i = block; i < end; i += Stripe)
                {
                    sums = Accumulate(sums, Vector512.Load((ulong*)(bytes + i)), LowKeys);
                    others = Accumulate(others, Vector512.Load((ulong*)(bytes + i + Stripe / 2)), HighKeys);
                }

                (sums, others) = (Scramble(sums, LowKeys), Scramble(others, HighKeys));
            }

            if (whole < length)
            {
                var rest = stackalloc byte[Stripe];
                new Span<byte>(rest, Stripe).Clear();
                Buffer.MemoryCopy(bytes + whole, rest, Stripe, length - whole);
                sums = Accumulate(sums, Vector512.Load((ulong*)rest), LowKeys);
                others = Accumulate(others, Vector512.Load((ulong*)(rest + Stripe / 2)), HighKeys);
            }

            (low, high, total) = (sums, others, total + length);
        }

        /// <summary>The hash of all of them.</summary>
        public readonly ulong End()
        {
            var hash = (seed + (ulong)total) * Prime;
            for (var lane = 0; lane < Lanes; lane++)
                hash = Mix(Mix(hash ^ low[lane]) ^ high[lane]);
            return hash;
        }
    }

    private static Vector512<ulong> Accumulate(Vector512<ulong> sums, Vector512<ulong> words, Vector512<ulong> keys)
    {
        // Halves of 32 bits multiply to 64 without loss.
        var keyed = words ^ keys;
        var product = (keyed & Vector512.Create(0xFFFFFFFFUL)) * Vector512.ShiftRightLogical(keyed, 32);
        return sums + product + Vector512.Shuffle(words, Vector512.Create(1UL, 0, 3, 2, 5, 4, 7, 6));
    }

    private static Vector512<ulong> Scramble(Vector512<ulong> sums, Vector512<ulong> keys) =>
        (sums ^ Vector512.ShiftRightLogical(sums, 47) ^ keys) * Vector512.Create(Prime);

    /// <summary>A bijection that spreads every bit over all.</summary>
    internal static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 32)) * Mixer;
        x = (x ^ (x >> 29)) * Prime;
        return x ^ (x >> 32);
    }
}
