using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench;

/// <summary>What both sides of the decoding benchmark decode: greedy texts after a prompt of random tokens.</summary>
internal static class Decoding
{
    /// <summary>Tokens of the prompt, and those after it until the text begins anew.</summary>
    public const int Prompt = 64, Text = 64;

    /// <summary>Rollouts of a prompt, where there are as many.</summary>
    public const int Samples = 8;

    /// <summary>The prompt of each text, beginning with its number.</summary>
    public static long[][] Prompts(PeerTraining shape)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, shape.Batch).Select(text => Enumerable.Range(0, Prompt)
            .Select(i => i == 0 ? text % shape.Model.VocabularySize : (long)random.Next(shape.Model.VocabularySize)).ToArray())];
    }

    /// <summary>Initial weights.</summary>
    public static FlatParameters Weights(ModelOptions model)
    {
        var parameters = new FlatParameters(ModelLayout.Of(model));
        Initialization.Initialize(parameters, model, seed: 1);
        return parameters;
    }
}
