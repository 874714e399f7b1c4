using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Commands;

internal static class PreferCommand
{
    public static CliCommand Define() => TrainCommand.Define(
        TrainingStage.Preferring, "Train a model on preference pairs (DPO, IPO, SimPO, ORPO, KTO), or resume such a run.", """
            The model is that of a run, an imported one, or a checkpoint: base.model names it, usually one that 'actortrain sft'
            trained. The data is what 'actortrain prepare --kind pairs --tokenizer-from MODEL' wrote. preference.loss chooses
            the loss; for DPO, IPO and KTO, the reference is the model that the run starts with, whose log-probabilities are
            computed once and kept with the run. training.batch counts pairs. Evaluation tells the share of validation pairs in which the
            preferred completion has the higher reward.

            All else is as in pretraining: Ctrl-C, kill -9, the journal, spikes, evaluation, extension, export. Learning rates
            are low, about 1e-6 for large models and 1e-4 for small ones.

            Examples:
              actortrain prepare --kind pairs --template chatml --tokenizer-from assistant --input pairs.jsonl --output data/pairs
              actortrain prefer --set base.model=assistant --set data.path=data/pairs --set run.name=preferred
                --set training.steps=200 --set training.learning_rate=1e-5 --set preference.beta=0.1
            """);
}
