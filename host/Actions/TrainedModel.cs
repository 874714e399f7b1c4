using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary>A trained model as a person names it: a run by name or folder, or one of its checkpoints.</summary>
internal sealed class TrainedModel : IDisposable
{
    /// <summary>The folder of a run that holds its tokenizer.</summary>
    public const string TokenizerFolderName = "tokenizer";

    private readonly LoadedCheckpoint checkpoint;

    private TrainedModel(string runFolder, LoadedCheckpoint checkpoint)
    {
        RunFolder = runFolder;
        this.checkpoint = checkpoint;
    }

    /// <summary>The run's folder.</summary>
    public string RunFolder { get; }

    /// <summary>What the checkpoint says of its run.</summary>
    public CheckpointFacts Facts => checkpoint.Manifest.Facts;

    /// <summary>The folder with the run's tokenizer.</summary>
    public string TokenizerPath => Path.Combine(RunFolder, TokenizerFolderName);

    /// <summary>The weights, laid out flat.</summary>
    public HostBuffer Weights => checkpoint.Weights;

    /// <summary>Where each parameter stands.</summary>
    public FlatLayout Layout => checkpoint.Layout;

    /// <summary>Opens the newest whole checkpoint of a run, or the one that is named.</summary>
    /// <param name="name">A run's name under <c>runs</c>, its folder, or the folder of one of its checkpoints.</param>
    /// <param name="step">The checkpoint's step, or null.</param>
    /// <param name="warn">Told of checkpoints that are not whole.</param>
    /// <exception cref="UserErrorException">There is no such run or checkpoint.</exception>
    public static TrainedModel Open(string name, long? step, Action<string> warn)
    {
        var folder = Directory.Exists(name) ? name : Path.Combine("runs", name);
        if (!Directory.Exists(folder))
            throw new UserErrorException($"There is no run {name}: give its name under runs/, its folder, or one of its checkpoints; `actortrain runs` lists them.");
        if (File.Exists(Path.Combine(folder, "manifest.json")))
        {
            var path = Path.GetFullPath(folder);
            var checkpoints = Path.GetDirectoryName(path)!;
            var named = new CheckpointArchive(checkpoints).List().FirstOrDefault(info => Path.GetFullPath(info.Path) == path)
                ?? throw new UserErrorException($"{folder} is no checkpoint of a run; give a folder like runs/NAME/checkpoints/step-00000100.");
            return new TrainedModel(Path.GetDirectoryName(checkpoints)!, Load(named));
        }

        var archive = new CheckpointArchive(RunOf(folder).CheckpointsDirectory);
        if (step is { } wanted)
        {
            var info = archive.List().FirstOrDefault(info => info.Step == wanted)
                ?? throw new UserErrorException($"{folder} has no checkpoint of step {wanted}; it has {Steps(archive)}.");
            return new TrainedModel(folder, Load(info));
        }

        var newest = archive.LoadLatest(static manifest => ModelLayout.Of(manifest.Facts.Model), fault => warn(fault.Sentence), CheckpointParts.Weights)
            ?? throw new UserErrorException($"{folder} has no checkpoint yet; train it first with `actortrain pretrain`.");
        return new TrainedModel(folder, newest);
    }

    /// <summary>The model in float32, ready to compute.</summary>
    public (Transformer Model, FlatParameters Parameters) Build()
    {
        var parameters = new FlatParameters(Layout);
        parameters.Weights.CopyFrom(Weights);
        parameters.WeightsChanged();
        return (new Transformer(Facts.Model, parameters), parameters);
    }

    /// <summary>The run's tokenizer.</summary>
    /// <exception cref="UserErrorException">The run has none.</exception>
    public ITokenizer Tokenizer() => Directory.Exists(TokenizerPath)
        ? TokenizerFolder.Load(TokenizerPath)
        : throw new UserErrorException($"{RunFolder} has no tokenizer, so text cannot be read or written; put the one that it was trained with into {TokenizerPath}.");

    /// <inheritdoc/>
    public void Dispose() => checkpoint.Dispose();

    private static RunDirectory RunOf(string folder)
    {
        var path = Path.GetFullPath(folder);
        return new RunDirectory(Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    private static LoadedCheckpoint Load(CheckpointInfo info) =>
        CheckpointArchive.Load(info, static manifest => ModelLayout.Of(manifest.Facts.Model), CheckpointParts.Weights);

    private static string Steps(CheckpointArchive archive) =>
        string.Join(", ", archive.List().Select(static info => info.Step).Order()) is { Length: > 0 } steps ? steps : "none";
}
