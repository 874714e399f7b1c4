using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Tests;

/// <summary>The canonical layout, and a forward pass in double precision by plain loops over it: slow, and easy to believe.</summary>
internal sealed class CanonicalModel(ModelOptions options, HostBuffer weights)
{
    private readonly Dictionary<string, FlatEntry> entries = LayoutOf(options).Entries.ToDictionary(entry => entry.Name);

    public static FlatLayout LayoutOf(ModelOptions options) => FlatLayout.Of(Parameters(options));

    /// <summary>Logits <c>[time, vocabulary]</c>.</summary>
    public double[][] Logits(int[] tokens)
    {
        var gpt2 = options.Family == ModelFamily.Gpt2;
        Func<double[], double[]> activation = gpt2 ? Gelu : SwiGlu;
        double[] embeddings = Load("tokens.weight"), positions = gpt2 ? Load("positions.weight") : [];
        var x = tokens.Select((token, at) => Enumerable.Range(0, options.Width)
            .Select(i => embeddings[(token * options.Width) + i] + (gpt2 ? positions[(at * options.Width) + i] : 0)).ToArray()).ToArray();
        for (var block = 0; block < options.Layers; block++)
        {
            var name = $"blocks.{block}.";
            x = Add(x, Linear(Attend(Linear(Norm(x, name + "attention.norm"), name + "attention.qkv")), name + "attention.output"));
            var hidden = Linear(Norm(x, name + "mlp.norm"), name + (gpt2 ? "mlp.up" : "mlp.gate_up"));
            x = Add(x, Linear([.. hidden.Select(activation)], name + "mlp.down"));
        }

        return Linear(Norm(x, "norm"), options.TieEmbeddings ? "tokens" : "head");
    }

    private static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Parameters(ModelOptions o)
    {
        var gpt2 = o.Family == ModelFamily.Gpt2;
        long width = o.Width, qkv = (o.Heads + (2 * o.KeyValueHeads)) * o.HeadWidth;

        IEnumerable<(string, IReadOnlyList<long>)> WithBias(string name, params long[] shape) =>
            gpt2 ? [(name + ".weight", shape), (name + ".bias", [shape[0]])] : [(name + ".weight", shape)];

        yield return ("tokens.weight", [o.VocabularySize, width]);
        if (gpt2)
            yield return ("positions.weight", [o.ContextLength, width]);
        for (var i = 0; i < o.Layers; i++)
        {
            foreach (var parameter in (IEnumerable<(string, IReadOnlyList<long>)>)
                     [
                         .. WithBias($"blocks.{i}.attention.norm", width),
                         .. WithBias($"blocks.{i}.attention.qkv", qkv, width),
                         .. WithBias($"blocks.{i}.attention.output", width, width),
                         .. WithBias($"blocks.{i}.mlp.norm", width),
                         .. gpt2 ? WithBias($"blocks.{i}.mlp.up", o.MlpWidth, width)
                             : WithBias($"blocks.{i}.mlp.gate_up", 2 * o.MlpWidth, width),
                         .. WithBias($"blocks.{i}.mlp.down", width, o.MlpWidth),
                     ])
                yield return parameter;
        }

        foreach (var parameter in WithBias("norm", width))
            yield return parameter;
        if (!o.TieEmbeddings)
            yield return ("head.weight", [o.VocabularySize, width]);
    }

    private static double[][] Add(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p + q).ToArray())];

    private static double[] Gelu(double[] row) =>
        [.. row.Select(x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))))];

    private static double[] SwiGlu(double[] row) =>
        [.. row.Take(row.Length / 2).Zip(row.Skip(row.Length / 2), (gate, up) => gate / (1 + Math.Exp(-gate)) * up)];

    private double[] Load(string name)
    {
        var entry = entries[name];
        return [.. weights.Floats().Slice((int)entry.Offset, (int)entry.Count).ToArray().Select(value => (double)value)];
    }

    private double[][] Linear(double[][] x, string name)
    {
        double[] weight = Load(name + ".weight"), bias = entries.ContainsKey(name + ".bias") ? Load(name + ".bias") : [];
        var width = x[0].Length;
        return [.. x.Select(row => Enumerable.Range(0, weight.Length / width)
            .Select(o => (bias.Length > 0 ? bias[o] : 0) + Enumerable.Range(0, width).Sum(i => weight[(o * width) + i] * row[i]))
                .ToArray())];
    }

    private double[][] Norm(double[][] x, string name)
    {
        var gain = Load(name + ".weight");
        if (options.Family == ModelFamily.Llama)
            return [.. x.Select(row => row.Select((value, i) => gain[i] * value / Math.Sqrt(row.Average(v => v * v) + options.NormEpsilon))
                .ToArray())];
        var bias = Load(name + ".bias");
        return [.. x.Select(row =>
        {
            var mean = row.Average();
            var scale = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + options.NormEpsilon);
            return row.Select((value, i) => (gain[i] * (value - mean) / scale) + bias[i]).ToArray();
        })];
    }

    private double[][] Attend(double[][] qkv)
    {
        int head = options.HeadWidth, group = options.Heads / options.KeyValueHeads;
        var result = qkv.Select(_ => new double[options.Width]).ToArray();
        for (var h = 0; h < options.Heads; h++)
        {
            int q = h * head, k = (options.Heads + (h / group)) * head, v = k + (options.KeyValueHeads * head);
            for (var t = 0; t < qkv.Length; t++)
            {
                var query = Rotate(qkv[t].AsSpan(q, head), t);
                var scores = Enumerable.Range(0, t + 1)
                    .Select(s => query.Zip(Rotate(qkv[s].AsSpan(k, head), s), (a, b) => a * b).Sum() / Math.Sqrt(head)).ToArray();
                var exponentials = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
                for (var s = 0; s <= t; s++)
                {
                    for (var i = 0; i < head; i++)
                        result[t][q + i] += exponentials[s] / exponentials.Sum() * qkv[s][v + i];
                }
            }
        }

        return result;
    }

    private double[] Rotate(ReadOnlySpan<double> x, int position)
    {
        var rotated = x.ToArray();
        if (options.Family == ModelFamily.Gpt2)
            return rotated;
        var half = x.Length / 2;
        var (frequencies, amplitude) = (options.RopeScaling.Frequencies(x.Length, options.RopeTheta), options.RopeScaling.Amplitude);
        for (var i = 0; i < half; i++)
        {
            var (sin, cos) = Math.SinCos(position * frequencies[i]);
            (sin, cos) = (amplitude * sin, amplitude * cos);
            (rotated[i], rotated[i + half]) = ((x[i] * cos) - (x[i + half] * sin), (x[i + half] * cos) + (x[i] * sin));
        }

        return rotated;
    }
}
