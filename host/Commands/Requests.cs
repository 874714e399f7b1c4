using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Host.Commands;

/// <summary>What to do about a run that is there already.</summary>
public enum ResumeMode
{
    /// <summary>Go on where it exists and its configuration agrees, else begin.</summary>
    WhenPossible,

    /// <summary>Go on; refuse where there is nothing to go on from.</summary>
    Required,

    /// <summary>Begin; refuse where the run's folder holds checkpoints already. Nothing is ever deleted.</summary>
    Fresh,
}

/// <summary><c>actortrain doctor</c>.</summary>
/// <param name="Json">Print one JSON object instead of tables.</param>
public sealed record DoctorRequest(bool Json);

/// <summary><c>actortrain prepare</c>.</summary>
/// <param name="Inputs">Files, folders and globs.</param>
/// <param name="Output">The folder to write.</param>
/// <param name="Tokenizer">Which tokenizer.</param>
/// <param name="Vocabulary">Number of token ids for a trained tokenizer.</param>
/// <param name="TokenizerFrom">A prepared folder or run whose tokenizer is taken, or null.</param>
/// <param name="TokenizerSample">Most bytes of text that a tokenizer is trained on.</param>
/// <param name="HeldOut">Part of the text that is for validation, from 0 to 0.5.</param>
/// <param name="Lenient">Replace what is not UTF-8 instead of refusing it.</param>
/// <param name="TextField">Field of <c>.jsonl</c> lines that holds the text.</param>
/// <param name="DocumentSeparator">What stands between two documents of a text file, or null.</param>
/// <param name="ShardSize">Tokens per shard.</param>
/// <param name="Seed">Seed of the split and of the tokenizer's sample.</param>
/// <param name="Force">Replace the output folder if it was written by <c>prepare</c>.</param>
public sealed record PrepareRequest(
    IReadOnlyList<string> Inputs, string Output, TokenizerKind Tokenizer, int Vocabulary, string? TokenizerFrom, long TokenizerSample, double HeldOut,
    bool Lenient, string TextField, string? DocumentSeparator, long ShardSize, long Seed, bool Force);

/// <summary><c>actortrain pretrain</c>.</summary>
/// <param name="RunFile">The run file, or null where all is given by overrides.</param>
/// <param name="Overrides">Texts <c>key=value</c>.</param>
/// <param name="Resume">What to do about a run that is there already.</param>
/// <param name="ExtendTo">Steps in all that a run that exists is to take from now on, more than it has; null: as many as it has.</param>
/// <param name="Force">Override the check of memory.</param>
public sealed record PretrainRequest(
    string? RunFile, IReadOnlyList<string> Overrides, ResumeMode Resume, long? ExtendTo = null, bool Force = false);

/// <summary><c>actortrain eval</c>.</summary>
/// <param name="Run">A run by name or folder, or one of its checkpoints.</param>
/// <param name="Part">Part of the data, <c>heldout</c> or <c>train</c>.</param>
/// <param name="Batches">Batches to take; 0 takes the whole part.</param>
/// <param name="Data">The prepared data, or null for the run's own.</param>
/// <param name="Force">Override the check of memory.</param>
public sealed record EvalRequest(string Run, string Part, int Batches, string? Data, bool Force = false);

/// <summary><c>actortrain generate</c>.</summary>
/// <param name="Run">A run by name or folder, or one of its checkpoints.</param>
/// <param name="Prompt">What the text begins with.</param>
/// <param name="Tokens">Tokens to write after it.</param>
/// <param name="Temperature">Divides the logits.</param>
/// <param name="TopK">Only so many of the likeliest tokens; 0: all.</param>
/// <param name="TopP">Only the likeliest tokens that have this probability together; 1: all.</param>
/// <param name="Seed">Seed of the draws.</param>
/// <param name="Greedy">Always the likeliest token.</param>
/// <param name="Count">Number of texts.</param>
/// <param name="Force">Override the check of memory.</param>
public sealed record GenerateRequest(
    string Run, string Prompt, int Tokens, double Temperature, int TopK, double TopP, long Seed, bool Greedy, int Count, bool Force = false);

/// <summary><c>actortrain export</c>.</summary>
/// <param name="Run">A run by name or folder, or one of its checkpoints.</param>
/// <param name="Format">The format, <c>huggingface</c>.</param>
/// <param name="Output">The folder to write.</param>
/// <param name="Checkpoint">The checkpoint's step, or null for the newest.</param>
/// <param name="Force">Overwrite files in the output folder, and override the check of memory.</param>
public sealed record ExportRequest(string Run, string Format, string Output, long? Checkpoint, bool Force);

/// <summary><c>actortrain import</c>.</summary>
/// <param name="Source">A folder with <c>config.json</c> and <c>model.safetensors</c>.</param>
/// <param name="Output">The run folder to write.</param>
/// <param name="Force">Override the check of memory.</param>
public sealed record ImportRequest(string Source, string Output, bool Force = false);

/// <summary><c>actortrain runs</c>.</summary>
/// <param name="Output">The folder that holds the runs.</param>
public sealed record RunsRequest(string Output);

/// <summary><c>actortrain plot</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Output">The picture to write, <c>.svg</c> or <c>.png</c>; null: <c>plot.svg</c> in the run's folder.</param>
/// <param name="Smooth">Steps over which lines are smoothed; 0 chooses by the length of the run.</param>
/// <param name="LinearLoss">Draw the loss on a linear instead of a logarithmic axis.</param>
public sealed record PlotRequest(string Run, string? Output, int Smooth, bool LinearLoss);

/// <summary><c>actortrain scale</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Trainers">Trainers to have from now on.</param>
public sealed record ScaleRequest(string Run, int Trainers);

/// <summary><c>actortrain trace</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Steps">Steps to record.</param>
/// <param name="Output">The file to write; null: <c>trace.json</c> in the run's folder.</param>
public sealed record TraceRequest(string Run, int Steps, string? Output);

/// <summary><c>actortrain rollback</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="To">Updates to go back to.</param>
/// <param name="Skip">Batches to leave out from there on.</param>
public sealed record RollBackRequest(string Run, long To, long Skip);

/// <summary><c>actortrain skip</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Batches">Batches to leave out.</param>
public sealed record SkipRequest(string Run, long Batches);

/// <summary><c>actortrain lr</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Factor">The learning rate is multiplied by it.</param>
public sealed record LearningRateRequest(string Run, double Factor);

/// <summary><c>actortrain quarantine</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Trainer">A trainer's number.</param>
/// <param name="Release">Let it take part again.</param>
public sealed record QuarantineRequest(string Run, int Trainer, bool Release);

/// <summary><c>actortrain pause</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
public sealed record PauseRequest(string Run);

/// <summary><c>actortrain resume</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
public sealed record ResumeRequest(string Run);

/// <summary><c>actortrain goodput</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Json">Print one JSON object instead of text.</param>
/// <param name="Plot">The picture to write, <c>.svg</c> or <c>.png</c>; null: none.</param>
public sealed record GoodputRequest(string Run, bool Json, string? Plot);

/// <summary><c>actortrain status</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Json">Print one JSON object instead of a tree.</param>
public sealed record StatusRequest(string Run, bool Json);

/// <summary><c>actortrain journal</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Json">Print one JSON object per decision.</param>
public sealed record JournalRequest(string Run, bool Json);

/// <summary><c>actortrain audit</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Json">Print one JSON object instead of text.</param>
public sealed record AuditRequest(string Run, bool Json);

/// <summary><c>actortrain checkpoints</c>.</summary>
/// <param name="Run">A run by name or folder.</param>
/// <param name="Verify">Hash every file again.</param>
/// <param name="Prune">Delete what need not stay.</param>
/// <param name="DryRun">Only say what would be deleted.</param>
/// <param name="Json">Print one JSON object instead of a table.</param>
public sealed record CheckpointsRequest(string Run, bool Verify, bool Prune, bool DryRun, bool Json);

/// <summary><c>actortrain chaos</c>.</summary>
/// <param name="RunFile">The run file, or null where all is given by overrides.</param>
/// <param name="Overrides">Texts <c>key=value</c>.</param>
/// <param name="Schedule">The file that says what is to befall the run, or null to draw it at random.</param>
/// <param name="Seed">Seed of the draw.</param>
/// <param name="Faults">Faults to draw.</param>
/// <param name="Every">Or a fault every so many seconds; null where they come by steps.</param>
/// <param name="Report">File for the report, as JSON where its name ends in .json; or null.</param>
/// <param name="Picture">The picture to draw, or null.</param>
/// <param name="Fresh">Train the undisturbed run anew.</param>
/// <param name="Force">Override the check of memory.</param>
public sealed record ChaosRequest(
    string? RunFile, IReadOnlyList<string> Overrides, string? Schedule, long Seed, int Faults, double? Every, string? Report, string? Picture, bool Fresh, bool Force = false)
{
    /// <inheritdoc/>
    public bool Equals(ChaosRequest? other) =>
        other is not null && (RunFile, Schedule, Seed, Faults, Every, Report, Picture) == (other.RunFile, other.Schedule, other.Seed, other.Faults, other.Every, other.Report, other.Picture)
        && (Fresh, Force) == (other.Fresh, other.Force)
        && Overrides.SequenceEqual(other.Overrides);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(RunFile, Schedule, Seed, Faults, Every, Report, Picture, Fresh);
}
