using ActorTrain.Models.Numerics;
using static TorchSharp.torch;

namespace ActorTrain.Models;

/// <summary>Cosines and sines of the rotary positions (Su et al. 2021): pair i of a head is rotated by position · θ^(−2i / head
/// width), with the frequencies and the amplitude of a <see cref="RopeScaling"/>.</summary>
/// <remarks>A head's first half is paired with its second half, as in the published Llama weights.</remarks>
public sealed class RotaryTable : IDisposable
{
    /// <summary>For positions 0 … <paramref name="positions"/> − 1; float32, computed in double.</summary>
    public RotaryTable(int positions, int headWidth, double theta, RopeScaling scaling = default, Device? device = null)
    {
        var half = headWidth / 2;
        var (frequencies, amplitude) = (scaling.Frequencies(headWidth, theta), scaling.Amplitude);
        var (cos, sin) = (new float[positions * half], new float[positions * half]);
        for (var t = 0; t < positions; t++)
        {
            for (var i = 0; i < half; i++)
            {
                var angle = Math.SinCos(t * frequencies[i]);
                (sin[t * half + i], cos[t * half + i]) = ((float)(amplitude * angle.Sin), (float)(amplitude * angle.Cos));
            }
        }

        (Cos, Sin) = (Table(cos), Table(sin));

        // Cloned, since a tensor made from an array has the array's alignment: libtorch's own memory is aligned to 64 bytes.
        Tensor Table(float[] values)
        {
            using var table = tensor(values, positions, half, device: device);
            return table.clone().DetachFromDisposeScope();
        }
    }

    /// <summary><c>[positions, head width / 2]</c>.</summary>
    public Tensor Cos { get; }

    /// <summary><c>[positions, head width / 2]</c>.</summary>
    public Tensor Sin { get; }

    /// <summary>Rotates heads <c>[B, H, T, head width]</c> whose first position is <paramref name="from"/>.</summary>
    public Tensor Rotate(Tensor heads_BHTd, long from)
    {
        var time = heads_BHTd.shape[2];
        var (cos, sin) = (Cos.narrow(0, from, time), Sin.narrow(0, from, time));
        var halves = heads_BHTd.to(ScalarType.Float32).chunk(2, dim: -1);
        var (a, b) = (halves[0], halves[1]);
        return cat([a * cos - b * sin, (b * cos).Plus(a * sin)], dim: -1).to(heads_BHTd.dtype);
    }

    public void Dispose()
    {
        Cos.Dispose();
        Sin.Dispose();
    }
}
