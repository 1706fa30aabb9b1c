"""What each dataset is, who made it, and on what terms."""

from recipes.datasets.dataset import Dataset

DESCRIPTIONS = (
    Dataset(
        name="ag-news",
        title="AG's news: 7,600 news items in four topics (the test split)",
        licence="AG's corpus: non-commercial use only (readme.txt)",
        may_ship_models=False,
        homepage="http://groups.di.unipi.it/~gulli/AG_corpus_of_news_articles.html",
        citation="Zhang, X., Zhao, J. and LeCun, Y. (2015). Character-level convolutional "
        "networks for text classification. NIPS 28.",
        notes="Only the published test split is small enough to be pinned one file at a time.",
    ),
    Dataset(
        name="airline-passengers",
        title="Airline passengers a month, in thousands, 1949 to 1960",
        licence="Facts without a stated licence",
        may_ship_models=True,
        homepage="https://github.com/jbrownlee/Datasets",
        citation="Box, G. E. P. and Jenkins, G. M. (1976). Time series analysis: forecasting and "
        "control, series G. Holden-Day.",
    ),
    Dataset(
        name="babi-en",
        title="bAbI: 20 reading tasks of 1,000 training and 1,000 test questions, English",
        licence="CC BY 3.0 (LICENSE.txt)",
        may_ship_models=True,
        homepage="https://research.facebook.com/downloads/babi/",
        citation="Weston, J., Bordes, A., Chopra, S., Rush, A. M., van Merriënboer, B., Joulin, A. "
        "and Mikolov, T. (2015). Towards AI-complete question answering: a set of prerequisite "
        "toy tasks. arXiv:1502.05698.",
    ),
    Dataset(
        name="beijing-pm25",
        title="Hourly PM2.5 and weather of Beijing, 2010 to 2014",
        licence="CC BY 4.0 (UCI Machine Learning Repository, data set 381)",
        may_ship_models=True,
        homepage="https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data",
        citation="Liang, X., Zou, T., Guo, B., Li, S., Zhang, H., Zhang, S., Huang, H. and Chen, "
        "S. X. (2015). Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and "
        "winter heating. Proceedings of the Royal Society A 471: 20150257.",
        notes="2,067 of the 43,824 hours have no PM2.5 reading (NA).",
    ),
    Dataset(
        name="chinese-poetry-tang",
        title="10,008 Tang poems and the Three Hundred Tang Poems, Traditional characters",
        licence="MIT (the collection); the poems are in the public domain",
        may_ship_models=True,
        homepage="https://github.com/chinese-poetry/chinese-poetry",
        citation="The chinese-poetry contributors (2017). chinese-poetry, after Peng, D. et al. "
        "(1705), Quan Tang shi.",
        notes="Some poems have lost characters (□), an editor's brackets or variants.",
    ),
    Dataset(
        name="cmudict",
        title="CMU Pronouncing Dictionary: 135,166 pronunciations with stress",
        licence="BSD 2-clause style (Carnegie Mellon University)",
        may_ship_models=True,
        homepage="http://www.speech.cs.cmu.edu/cgi-bin/cmudict",
        citation="Weide, R. L. (1998). The CMU pronouncing dictionary. Carnegie Mellon University.",
        notes="Other pronunciations of a word are entries such as word(2); # starts a remark.",
    ),
    Dataset(
        name="cmudict-g014b2b",
        title="CMUdict as published for grapheme-to-phoneme: 106,837 and 12,000 words",
        licence="BSD 2-clause style (Carnegie Mellon University)",
        may_ship_models=True,
        homepage="https://github.com/steveash/jg2p",
        citation="Chen, S. F. (2003). Conditional and joint models for grapheme-to-phoneme "
        "conversion. Eurospeech 2003.",
        notes="One line a pronunciation: a word is right if any of its references matches. There "
        "is no file to develop on; papers hold out a few thousand training words.",
    ),
    Dataset(
        name="free-spoken-digit-dataset",
        title="3,000 recordings of the ten digits by six English speakers, 8 kHz",
        licence="CC BY-SA 4.0",
        may_ship_models=True,
        homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
        citation="Jackson, Z., Souza, C., Flaks, J., Pan, Y., Nicolas, H. and Thite, A. (2018). "
        "Jakobovski/free-spoken-digit-dataset: v1.0.8. Zenodo. doi:10.5281/zenodo.1342401.",
        notes="Test: the recordings 0 to 4 of each digit and speaker.",
    ),
    Dataset(
        name="gutenberg-books",
        title="Eight English novels and story collections of the nineteenth century",
        licence="Public domain in the United States; each file carries its own terms, to be cut",
        may_ship_models=True,
        homepage="https://www.gutenberg.org/",
        citation="Project Gutenberg (1971-). Books 11, 98, 158, 161, 1342, 1400, 1661 and 2701, "
        "by Lewis Carroll, Charles Dickens, Jane Austen, Arthur Conan Doyle and Herman Melville.",
    ),
    Dataset(
        name="jsb-chorales",
        title="382 chorales of Johann Sebastian Bach as chords of MIDI notes",
        licence="The scores are in the public domain; the collection states no licence",
        may_ship_models=True,
        homepage="https://github.com/czhuang/JSB-Chorales-dataset",
        citation="Boulanger-Lewandowski, N., Bengio, Y. and Vincent, P. (2012). Modeling temporal "
        "dependencies in high-dimensional sequences. ICML 2012.",
        notes="A step may have no note. The split is the published one: 229, 76 and 77.",
    ),
    Dataset(
        name="mnist",
        title="MNIST: 70,000 handwritten digits of 28 by 28 pixels",
        licence="CC BY-SA 3.0 (as commonly stated for the data of LeCun and Cortes)",
        may_ship_models=True,
        homepage="http://yann.lecun.com/exdb/mnist/",
        citation="LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based "
        "learning applied to document recognition. Proceedings of the IEEE 86(11).",
    ),
    Dataset(
        name="mr-polarity",
        title="Movie review sentences: 5,331 positive and 5,331 negative",
        licence="CC BY 4.0 (as the NLTK data state for it)",
        may_ship_models=True,
        homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        citation="Pang, B. and Lee, L. (2005). Seeing stars: exploiting class relationships for "
        "sentiment categorization with respect to rating scales. ACL 2005.",
        notes="Windows-1252, not UTF-8. Papers report ten-fold cross-validation.",
    ),
    Dataset(
        name="multi30k",
        title="Multi30k: 31,014 image captions in English, German and French",
        licence="Research and non-commercial use (the terms of Flickr30k)",
        may_ship_models=False,
        homepage="https://github.com/multi30k/dataset",
        citation="Elliott, D., Frank, S., Sima'an, K. and Specia, L. (2016). Multi30K: "
        "multilingual English-German image descriptions. Workshop on Vision and Language.",
        notes="raw/: sentences as written; tok/: lower case and split, the form papers score.",
    ),
    Dataset(
        name="names",
        title="32,033 first names given in the United States",
        licence="MIT (the collection); the names are public data of the US SSA",
        may_ship_models=True,
        homepage="https://github.com/karpathy/makemore",
        citation="Karpathy, A. (2022). makemore, after the US Social Security Administration, "
        "Popular baby names.",
    ),
    Dataset(
        name="names-by-nationality",
        title="Surnames of 18 languages",
        licence="MIT (the collection)",
        may_ship_models=True,
        homepage="https://github.com/spro/practical-pytorch",
        citation="Robertson, S. (2017). Practical PyTorch: classifying names with a "
        "character-level RNN.",
        notes="Many names are listed several times, most of all the Arabic ones.",
    ),
    Dataset(
        name="optical-digits",
        title="1,797 handwritten digits of 8 by 8 pixels, inside scikit-learn",
        licence="CC BY 4.0 (UCI Machine Learning Repository, data set 80)",
        may_ship_models=True,
        homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        citation="Alpaydin, E. and Kaynak, C. (1998). Cascading classifiers. Kybernetika 34(4).",
        notes="The test set of the original: 13 writers. Nothing is downloaded for it.",
    ),
    Dataset(
        name="snips",
        title="Snips: 14,484 spoken commands in seven intents, with slots",
        licence="CC0 1.0 (as Snips gave it; the pinned repository does not repeat it)",
        may_ship_models=True,
        homepage="https://github.com/sonos/nlu-benchmark",
        citation="Coucke, A. et al. (2018). Snips voice platform: an embedded spoken language "
        "understanding system for private-by-design voice interfaces. arXiv:1805.10190. The "
        "split: Goo, C.-W. et al. (2018). Slot-gated modeling for joint slot filling and intent "
        "prediction. NAACL 2018.",
    ),
    Dataset(
        name="sst2",
        title="Stanford Sentiment Treebank, two classes: 9,613 whole sentences",
        licence="No stated licence; given for research",
        may_ship_models=False,
        homepage="https://nlp.stanford.edu/sentiment/",
        citation="Socher, R., Perelygin, A., Wu, J., Chuang, J., Manning, C. D., Ng, A. and Potts, "
        "C. (2013). Recursive deep models for semantic compositionality over a sentiment "
        "treebank. EMNLP 2013.",
    ),
    Dataset(
        name="subj",
        title="5,000 subjective and 5,000 objective sentences about movies",
        licence="CC BY 4.0 (as the NLTK data state for it)",
        may_ship_models=True,
        homepage="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        citation="Pang, B. and Lee, L. (2004). A sentimental education: sentiment analysis using "
        "subjectivity summarization based on minimum cuts. ACL 2004.",
        notes="Windows-1252, not UTF-8. Papers report ten-fold cross-validation.",
    ),
    Dataset(
        name="sunspots",
        title="Mean number of sunspots a month, 1749 to 1983",
        licence="Facts without a stated licence",
        may_ship_models=True,
        homepage="https://github.com/jbrownlee/Datasets",
        citation="Andrews, D. F. and Herzberg, A. M. (1985). Data: a collection of problems from "
        "many fields for the student and research worker. Springer.",
    ),
    Dataset(
        name="tatoeba-cmn-eng",
        title="20,294 sentence pairs, English and Mandarin Chinese",
        licence="CC BY 2.0 FR (Tatoeba; _about.txt)",
        may_ship_models=True,
        homepage="https://www.manythings.org/anki/",
        citation="The Tatoeba contributors (2018). Tab-delimited bilingual sentence pairs, as "
        "collected by manythings.org, 27 October 2018.",
        notes="Sorted by length; an English sentence may stand on several lines.",
    ),
    Dataset(
        name="tatoeba-fra-eng",
        title="142,787 sentence pairs, English and French",
        licence="CC BY 2.0 FR (Tatoeba; _about.txt)",
        may_ship_models=True,
        homepage="https://www.manythings.org/anki/",
        citation="The Tatoeba contributors (2017). Tab-delimited bilingual sentence pairs, as "
        "collected by manythings.org, 29 September 2017.",
        notes="Sorted by length; an English sentence may stand on several lines.",
    ),
    Dataset(
        name="tinyshakespeare",
        title="Tiny Shakespeare: 1,115,394 characters of plays",
        licence="Public domain (the text); MIT (the collection)",
        may_ship_models=True,
        homepage="https://github.com/karpathy/char-rnn",
        citation="Karpathy, A. (2015). The unreasonable effectiveness of recurrent neural "
        "networks. karpathy.github.io.",
    ),
    Dataset(
        name="trec",
        title="TREC questions in six classes: 5,452 and 500",
        licence="No stated licence; given for research",
        may_ship_models=False,
        homepage="https://cogcomp.seas.upenn.edu/Data/QA/QC/",
        citation="Li, X. and Roth, D. (2002). Learning question classifiers. COLING 2002.",
        notes="The training file is Latin-1, not UTF-8.",
    ),
    Dataset(
        name="ud-english-ewt",
        title="Universal Dependencies English Web Treebank: 16,622 sentences",
        licence="CC BY-SA 4.0",
        may_ship_models=True,
        homepage="https://universaldependencies.org/treebanks/en_ewt/",
        citation="Silveira, N., Dozat, T., de Marneffe, M.-C., Bowman, S., Connor, M., Bauer, J. "
        "and Manning, C. D. (2014). A gold standard dependency corpus for English. LREC 2014.",
        notes="The state of release 2.16, May 2025.",
    ),
    Dataset(
        name="wnut17",
        title="WNUT 2017: 5,690 tweets and comments with rare and emerging entities",
        licence="CC BY 4.0",
        may_ship_models=True,
        homepage="https://noisy-text.github.io/2017/emerging-rare-entities.html",
        citation="Derczynski, L., Nichols, E., van Erp, M. and Limsopatham, N. (2017). Results of "
        "the WNUT2017 shared task on novel and emerging entity recognition. W-NUT 2017.",
        notes="Six types of entity. Sentences of the training file are divided by a tab alone.",
    ),
)
