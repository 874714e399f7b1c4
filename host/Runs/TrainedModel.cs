using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>A trained model as named on a command line: a run by name or folder, or one of its checkpoints.</summary>
internal sealed class TrainedModel : IDisposable
{
    private readonly LoadedCheckpoint checkpoint;

    private TrainedModel(RunDirectory run, LoadedCheckpoint checkpoint)
    {
        Run = run;
        this.checkpoint = checkpoint;
    }

    public RunDirectory Run { get; }

    public CheckpointManifest Manifest => checkpoint.Manifest;

    /// <summary>Of the language model, or the reward model: a critic beside it is left out.</summary>
    public CheckpointFacts Facts => Manifest.Facts with { Model = Manifest.Facts.Model.ShapeOfPolicy() };

    public string TokenizerPath => Run.TokenizerDirectory;

    public HostBuffer Weights => checkpoint.Weights;

    public FlatLayout Layout => checkpoint.Layout;

    /// <summary>What is added to every score; 0 for a language model.</summary>
    public float ScoreBias => Layout.Entries.FirstOrDefault(static entry => entry.Name == ModelLayout.ScoreBias) is { } bias
        ? BitConverter.ToSingle(Weights.Slice(bias.Offset * sizeof(float), sizeof(float))) : 0;

    /// <summary>Opens the newest intact checkpoint of a run, or the named one.</summary>
    /// <param name="name">As for <see cref="NamedRun.Find"/>.</param>
    /// <param name="step">The checkpoint's step, or null.</param>
    /// <param name="context">Receives warnings about damaged checkpoints.</param>
    /// <param name="memory">Called with the model's shape before memory is allocated; throws if it does not suffice.</param>
    /// <exception cref="UserErrorException">There is no such run or checkpoint, or not enough memory.</exception>
    public static TrainedModel Open(string name, long? step, CommandContext context, Action<ModelOptions> memory)
    {
        var (run, named) = NamedRun.Find(name);
        var archive = new CheckpointArchive(run.CheckpointsDirectory);
        if ((step ?? named) is { } wanted)
        {
            var checkpoints = archive.List();
            var info = checkpoints.FirstOrDefault(info => info.Step == wanted) ?? throw new UserErrorException(
                $"{run.Path} has no checkpoint at step {wanted}; it has {Steps(checkpoints)}.");
            return new TrainedModel(run, CheckpointArchive.Load(info, LayoutOf, CheckpointParts.Weights));
        }

        var newest = archive.LoadLatest(LayoutOf, fault => context.Error.WriteLine($"actortrain: warning: {fault.Sentence}"),
            CheckpointParts.Weights)
            ?? throw new UserErrorException($"{run.Path} has no {(archive.List().Count > 0 ? "intact checkpoint" : "checkpoint yet")}; "
                + $"train it with `actortrain {TrainingStage.Of(run).Command}`.");
        return new TrainedModel(run, newest);

        FlatLayout LayoutOf(CheckpointManifest manifest)
        {
            var shape = manifest.Facts.Model.ShapeOfPolicy();
            memory(shape);
            return ModelLayout.Of(shape);
        }
    }

    /// <summary>Rejects a model that does not write text.</summary>
    /// <exception cref="UserErrorException">It is a reward model.</exception>
    public static void RequireLogits(ModelOptions model, string name)
    {
        if (model.Output is ModelOutput.Score)
            throw new UserErrorException($"{name} is a reward model, which scores texts and writes none; name the language model that it "
                + "started with.");
    }

    public (Transformer Model, FlatParameters Parameters) Build(Precision precision = Precision.Float32)
    {
        var parameters = new FlatParameters(Layout);
        parameters.Weights.CopyFrom(Weights);
        parameters.WeightsChanged();
        return (new Transformer(Facts.Model, parameters, precision), parameters);
    }

    /// <exception cref="UserErrorException">The run has none, or one that does not fit its model.</exception>
    public ITokenizer Tokenizer()
    {
        var (begin, end) = TokenizerCheck.TokensOf(Facts);
        if (!Directory.Exists(TokenizerPath))
        {
            throw new UserErrorException(TokenizerCheck.NoneFits(Facts.Model, begin, end) is { } reason ? $"{Run.Path} {reason}"
                : $"{Run.Path} has no tokenizer, so text cannot be encoded or decoded; put the one it was trained with into "
                    + $"{TokenizerPath}.");
        }

        var tokenizer = TokenizerFolder.Load(TokenizerPath);
        try
        {
            TokenizerCheck.Require(tokenizer, TokenizerPath, Facts.Model, begin, end, TokenizerPath);
            return tokenizer;
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>How its chats are written; null if it was not trained on chats.</summary>
    public ChatTemplate? Template() => ChatTemplate.InFolder(TokenizerPath);

    public void Dispose() => checkpoint.Dispose();

    private static string Steps(IEnumerable<CheckpointInfo> checkpoints) =>
        string.Join(", ", checkpoints.Select(static info => info.Step).Order()) is { Length: > 0 } steps ? steps : "none";
}
