using ActorTrain.Models;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>Decoding with TorchSharp alone as a worker process; a repetition is a text of each prompt, the reading of one, or the sampling
/// of rollouts.</summary>
internal static class DecodingWorker
{
    public const string DecodeMode = "decode", PrefillMode = "prefill", RolloutMode = "rollouts";

    /// <returns>The exit code.</returns>
    public static int TorchSharp(string mode, IReadOnlyList<string> arguments)
    {
        var shape = PeerTraining.Parse(arguments);
        set_num_threads(Environment.ProcessorCount);
        using var _ = no_grad();
        using var first = Decoding.Weights(shape.Model);
        var type = shape.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var weights = first.Layout.Entries.ToDictionary(
            static entry => entry.Name, entry => first[entry.Name].Parameter.detach().to(type).clone());
        if (mode == RolloutMode)
        {
            var rollouts = new TorchSharpRollouts(shape, weights);
            return TrainingWorker.Serve(shape.Batch * Decoding.Text, rollouts.Sample);
        }

        var decoder = new TorchSharpDecoder(shape.Model, weights, shape.Batch);
        var prompts_BT = stack([.. Decoding.Prompts(shape).Select(static ids => tensor(ids))]);
        var next_B1 = Next(decoder.Feed(prompts_BT), out var loss);
        return TrainingWorker.Serve(
            mode == PrefillMode ? Decoding.Prompt : shape.Batch * Decoding.Text, () =>
            {
                using var scope = NewDisposeScope();
                if (mode == PrefillMode)
                {
                    decoder.Length = 0;
                    Next(decoder.Feed(prompts_BT), out loss);
                    return loss;
                }

                decoder.Length = Decoding.Prompt;
                var token_B1 = next_B1;
                for (var i = 0; i < Decoding.Text; i++)
                {
                    using var step = NewDisposeScope();
                    token_B1 = decoder.Feed(token_B1).argmax(-1, keepdim: true).MoveToOuterDisposeScope();
                }

                return loss;
            });
    }

    // The likeliest token of each text, and minus the log-probability of the first's.
    internal static Tensor Next(Tensor logits_BV, out double loss)
    {
        using var first = logits_BV[0].to(ScalarType.Float32);
        loss = first.logsumexp(-1).item<float>() - first.max().item<float>();
        return logits_BV.argmax(-1, keepdim: true);
    }
}
