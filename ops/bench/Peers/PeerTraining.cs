using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench.Peers;

/// <summary>A peer's training, as on its command line: a GPT-2 by depth.</summary>
/// <param name="Model"><see cref="ModelOptions.FromDepth"/>, but with its own layers, context and vocabulary.</param>
/// <param name="Recompute">Of ours; TorchSharp's keeps all activations.</param>
/// <param name="Numerics">Of ours; TorchSharp's instructions are chosen by its environment.</param>
internal sealed record PeerTraining(
    ModelOptions Model, Precision Precision, int Batch, Recompute Recompute = Recompute.None, NumericsMode Numerics = NumericsMode.Fast)
{
    private const string PrecisionFlag = "--precision", DepthFlag = "--depth", LayersFlag = "--layers", ContextFlag = "--context",
        VocabularyFlag = "--vocabulary", BatchFlag = "--batch", RecomputeFlag = "--recompute", NumericsFlag = "--numerics";

    public string[] Arguments =>
    [
        PrecisionFlag, NameOf(Precision), DepthFlag, $"{Model.Heads}", LayersFlag, $"{Model.Layers}", ContextFlag, $"{Model.ContextLength}",
            VocabularyFlag, $"{Model.VocabularySize}", BatchFlag, $"{Batch}", RecomputeFlag,
            $"{Recompute}", NumericsFlag, $"{Numerics}",
    ];

    public static string NameOf(Precision precision) => precision == Precision.BFloat16 ? "bf16" : "fp32";

    /// <summary>Parses a command line; defaults are those of the small benchmark model.</summary>
    /// <exception cref="UserErrorException">It is invalid.</exception>
    public static PeerTraining Parse(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, string>
        {
            [PrecisionFlag] = "bf16",
            [DepthFlag] = "6",
            [LayersFlag] = "",
            [ContextFlag] = "256",
            [VocabularyFlag] = "512",
            [BatchFlag] = "8",
            [RecomputeFlag] = $"{Recompute.None}",
            [NumericsFlag] = $"{NumericsMode.Fast}",
        };
        foreach (var pair in arguments.Chunk(2))
        {
            if (pair.Length < 2 || !given.ContainsKey(pair[0]))
                throw new UserErrorException(
                    $"The worker cannot understand \"{string.Join(' ', pair)}\"; give values for some of {string.Join(", ", given.Keys)}.");
            given[pair[0]] = pair[1];
        }

        var precision = given[PrecisionFlag] switch
        {
            "bf16" => Precision.BFloat16,
            "fp32" => Precision.Float32,
            var other => throw new UserErrorException($"{PrecisionFlag} is \"{other}\"; it must be bf16 or fp32."),
        };
        return new PeerTraining(
            ModelOptions.FromDepth(Number(DepthFlag)) with
            {
                Layers = Number(given[LayersFlag].Length > 0 ? LayersFlag : DepthFlag),
                ContextLength = Number(ContextFlag),
                VocabularySize = Number(VocabularyFlag),
            },
            precision, Number(BatchFlag), Choice<Recompute>(RecomputeFlag), Choice<NumericsMode>(NumericsFlag));

        T Choice<T>(string flag)
            where T : struct, Enum => Enum.TryParse<T>(given[flag], ignoreCase: true, out var choice) ? choice
                : throw new UserErrorException($"{flag} is \"{given[flag]}\"; choose from {string.Join(", ", Enum.GetNames<T>())}.");

        int Number(string flag) => int.TryParse(given[flag], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new UserErrorException($"{flag} is \"{given[flag]}\"; it must be a whole number above 0.");
    }
}
