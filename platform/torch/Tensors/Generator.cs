using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    /// <inheritdoc cref="random.manual_seed"/>
    public static Generator manual_seed(long seed) => random.manual_seed(seed);

    /// <inheritdoc cref="random.get_rng_state"/>
    public static Tensor get_rng_state() => random.get_rng_state();

    /// <inheritdoc cref="random.set_rng_state"/>
    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    /// <summary>The process-wide generators.</summary>
    public static class random
    {
        /// <summary>Seeds the generators of all devices and returns the CPU's.</summary>
        public static Generator manual_seed(long seed)
        {
            seed_everything((ulong)seed).Check();
            return Generator.Default;
        }

        /// <summary>The state of the CPU's process-wide generator, as bytes in a uint8 tensor.</summary>
        public static Tensor get_rng_state()
        {
            using var generator = Generator.Default;
            return generator.get_state();
        }

        /// <summary>Puts the CPU's process-wide generator into a state of <see cref="get_rng_state"/>.</summary>
        public static void set_rng_state(Tensor new_state)
        {
            using var generator = Generator.Default;
            generator.set_state(new_state);
        }
    }

    /// <summary>A source of random numbers with a state of its own.</summary>
    public class Generator : IDisposable
    {
        private nint handle;

        /// <summary>A generator for the device (null: the CPU) that starts at the seed.</summary>
        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = device ?? CPU;
            handle = generator_new(seed, (int)this.device.type, this.device.index).Check();
        }

        private Generator(nint handle)
        {
            this.handle = handle;
            device = CPU;
        }

        /// <summary>The safety net for generators that nobody disposed of.</summary>
        ~Generator() => Dispose(false);

        /// <summary>A new reference to the CPU's process-wide generator.</summary>
        public static Generator Default => new(generator_default().Check());

        /// <summary>The native generator; throws <see cref="ObjectDisposedException"/> once disposed of.</summary>
        public IntPtr Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Generator));

        /// <summary>The device whose numbers it makes.</summary>
        public Device device { get; }

        /// <summary>Starts again at the seed; returns this generator.</summary>
        public Generator manual_seed(long seed)
        {
            generator_seed(Handle, (ulong)seed).Check();
            return this;
        }

        /// <summary>The seed it last started at.</summary>
        public long initial_seed() => (long)generator_initial_seed(Handle);

        /// <summary>The state as bytes in a uint8 tensor, from which the sequence goes on bit for bit.</summary>
        public Tensor get_state() => generator_get_state(Handle);

        /// <summary>Goes on from a state of <see cref="get_state"/>.</summary>
        public void set_state(Tensor value) => generator_set_state(Handle, value).Check();

        /// <summary>Frees this reference; a process-wide generator lives on.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees the native reference, once.</summary>
        protected virtual void Dispose(bool disposing)
        {
            var mine = Interlocked.Exchange(ref handle, 0);
            if (mine != 0) generator_free(mine);
        }
    }
}
