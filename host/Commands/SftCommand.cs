using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Commands;

internal static class SftCommand
{
    public static CliCommand Define() => TrainCommand.Define(
        TrainingStage.FineTuning, "Fine-tune a model on chats, or resume such a run.", """
            The model is that of a run, an imported one, or a checkpoint: base.model names it. The run keeps a copy of its
            weights and has its shape, so no key of the model section is needed. The data is what 'actortrain prepare --kind chat
            --tokenizer-from MODEL' wrote. Its loss is the mean over what the assistant says, and the end of its turns, in
            the whole batch; training.batch counts chats, which lie side by side without padding and do not see one another.

            All else is as in pretraining: Ctrl-C, kill -9, the journal, spikes, evaluation, extension, export. A learning
            rate of a tenth of the model's in pretraining, or less, is usual.

            Examples:
              actortrain prepare --kind chat --template chatml --tokenizer-from base --input chats.jsonl --output data/chats
              actortrain sft --set base.model=base --set data.path=data/chats --set run.name=assistant --set training.steps=200
                --set training.learning_rate=3e-5
            """);
}
