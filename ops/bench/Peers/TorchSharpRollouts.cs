using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>Rollouts in TorchSharp: prompts are read once for all their samples; tokens and log-probabilities stay tensors until a
/// rollout is complete.</summary>
/// <param name="weights">As for <see cref="TorchSharpGpt"/>.</param>
internal sealed class TorchSharpRollouts(PeerTraining shape, IReadOnlyDictionary<string, Tensor> weights)
{
    private readonly TorchSharpDecoder reader = new(shape.Model, weights, PromptsOf(shape));
    private readonly TorchSharpDecoder decoder = new(shape.Model, weights, shape.Batch);
    private readonly Tensor prompts_PT =
        stack([.. Decoding.Prompts(shape).Take(PromptsOf(shape)).Select(static ids => tensor(ids))]);

    /// <summary>Prompts of a repetition, each with as many samples.</summary>
    public static int PromptsOf(PeerTraining shape) => Math.Max(1, shape.Batch / Decoding.Samples);

    /// <returns>Minus the log-probability of the likeliest first token after the first prompt.</returns>
    public double Sample()
    {
        using var scope = NewDisposeScope();
        reader.Length = 0;
        var first_PV = reader.Feed(prompts_PT);
        DecodingWorker.Next(first_PV, out var loss);
        decoder.BeginAs(reader);
        var logits_BV = first_PV.repeat_interleave(shape.Batch / PromptsOf(shape), 0);
        List<Tensor> tokens = [], logProbabilities = [];
        for (var i = 0; i < Decoding.Text; i++)
        {
            using var step = NewDisposeScope();
            if (i > 0)
                logits_BV = decoder.Feed(tokens[^1]);
            var logProbabilities_BV = nn.functional.log_softmax(logits_BV.to(ScalarType.Float32), -1);

            // Of exponential noise, the first to arrive is a sample: no sum over the vocabulary is searched.
            var noise_BV = empty_like(logProbabilities_BV).exponential_();
            var token_B1 = (logProbabilities_BV.exp() / noise_BV).argmax(-1, keepdim: true);
            tokens.Add(token_B1.MoveToOuterDisposeScope());
            logProbabilities.Add(logProbabilities_BV.gather(1, token_B1).MoveToOuterDisposeScope());
        }

        _ = cat(tokens, 1).data<long>().ToArray();
        _ = cat(logProbabilities, 1).data<float>().ToArray();
        return loss;
    }
}
