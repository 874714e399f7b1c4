using System.Globalization;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Pretraining;
using ActorTrain.Models;
using ActorTrain.Models.Evaluation;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain eval</c>: loss, perplexity and bits per byte of a trained model.</summary>
internal static class EvalHandler
{
    private const int SequencesPerBatch = 8;

    public static int Run(EvalRequest request, CommandContext context)
    {
        using var trained = TrainedModel.Open(request.Run, step: null, context.Error.WriteLine);
        var runFile = Path.Combine(trained.RunFolder, "run.yaml");
        if (!File.Exists(runFile))
            throw new UserErrorException($"{trained.RunFolder} has no run.yaml, so its data are not known; evaluate a run that `actortrain pretrain` made.");
        var configuration = RunFile.Read(runFile, []);
        using var data = TokenStore.Open(configuration.Data.Path);
        if (Directory.Exists(trained.TokenizerPath))
        {
            using var tokenizer = trained.Tokenizer();
            data.RequireTokenizer(tokenizer.Identity, trained.RunFolder);
        }

        var part = request.Part == "train" ? data.Train : data.HeldOut
            ?? throw new UserErrorException($"{data.Folder} has no held-out part; prepare it with --held-out above 0, or evaluate with --part train.");

        NumericEnvironment.Choose(configuration.Training.Numerics, "cpu", configuration.Training.Threads);
        using var interrupted = new InterruptToken();
        var (model, parameters) = trained.Build();
        using (parameters)
        using (model)
        {
            var reader = new SampleReader(part, model.Options.ContextLength, SequencesPerBatch);
            part.SampleCount(model.Options.ContextLength);
            var result = HeldOutLoss.Measure(model, reader.FromStart(request.Batches), part.BytesPerToken, interrupted.Token);
            context.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"step {trained.Facts.Step}: loss {result.Loss:F4} nats/token, perplexity {result.Perplexity:F2}, {result.BitsPerByte:F4} bits/byte over {result.Tokens} tokens "
                + $"(unigram entropy {part.UnigramEntropy:F4})"));
        }

        return ExitCode.Success;
    }
}
