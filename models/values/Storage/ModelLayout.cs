namespace ActorTrain.Models.Storage;

/// <summary>Names, shapes and order of a transformer's parameters in the flat vector.</summary>
public static class ModelLayout
{
    /// <summary>Parameter of a score: <c>[1, D]</c>; without logits, it is in the place of their projection.</summary>
    public const string ScoreWeight = "score.weight";

    /// <summary>Parameter of a score: <c>[1]</c>.</summary>
    public const string ScoreBias = "score.bias";

    /// <summary>Before the names of a critic's parameters.</summary>
    public const string CriticPrefix = "critic.";

    /// <summary>The policy's parameters are first, so that its layout is the beginning of that with a critic, and the critic's is the
    /// rest.</summary>
    public static FlatLayout Of(ModelOptions options) => FlatLayout.Of(options.Critic
        ? Parameters(options).Concat(Parameters(options.ShapeOfCritic()).Select(static one => (CriticPrefix + one.Name, one.Shape)))
        : Parameters(options));

    /// <summary>The parameters of the language model that a model of this shape starts with, if it starts with trained weights.</summary>
    public static FlatLayout OfBase(ModelOptions options) => Of(options.ShapeOfPolicy() with { Output = ModelOutput.Logits });

    /// <summary>Element at which the critic's parameters begin, laid out from there on like a model of its own.</summary>
    public static long CriticOffset(ModelOptions options) => Of(options.ShapeOfPolicy()).Length;

    private static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Parameters(ModelOptions o)
    {
        var gpt2 = o.Family == ModelFamily.Gpt2;
        long queries = o.Heads * o.HeadWidth, queriesKeysValues = (o.Heads + 2 * o.KeyValueHeads) * o.HeadWidth;

        yield return ("tokens.weight", [o.VocabularySize, o.Width]);
        if (gpt2)
            yield return ("positions.weight", [o.ContextLength, o.Width]);

        for (var i = 0; i < o.Layers; i++)
        {
            var parameters = Norm($"blocks.{i}.attention.norm")
                .Concat(Linear($"blocks.{i}.attention.qkv", queriesKeysValues, o.Width))
                .Concat(Linear($"blocks.{i}.attention.output", o.Width, queries))
                .Concat(Norm($"blocks.{i}.mlp.norm"))
                .Concat(gpt2 ? Linear($"blocks.{i}.mlp.up", o.MlpWidth, o.Width)
                    : Linear($"blocks.{i}.mlp.gate_up", 2L * o.MlpWidth, o.Width))
                .Concat(Linear($"blocks.{i}.mlp.down", o.Width, o.MlpWidth));
            foreach (var parameter in parameters)
                yield return parameter;
        }

        foreach (var parameter in Norm("norm"))
            yield return parameter;
        if (o.Output is ModelOutput.Score)
        {
            yield return (ScoreWeight, [1, o.Width]);
            yield return (ScoreBias, [1]);
        }
        else if (!o.TieEmbeddings)
        {
            yield return ("head.weight", [o.VocabularySize, o.Width]);
        }

        IEnumerable<(string, IReadOnlyList<long>)> Norm(string name)
        {
            yield return ($"{name}.weight", [o.Width]);
            if (gpt2)
                yield return ($"{name}.bias", [o.Width]);
        }

        IEnumerable<(string, IReadOnlyList<long>)> Linear(string name, long rows, long columns)
        {
            yield return ($"{name}.weight", [rows, columns]);
            if (gpt2)
                yield return ($"{name}.bias", [rows]);
        }
    }
}
